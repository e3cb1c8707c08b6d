typedef REAL real;

// What the parts of a `product` found, added up in their order; with bias and ReLU for a dense layer.
extern "C" __global__ void sum_parts(const real *parts, const real *bias, real *y, int count, int N, int how_many, int relu) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count) return;
    real total = 0;
    for (int part = 0; part < how_many; part++) total += parts[part * count + at];
    if (bias) total += bias[at % N];
    y[at] = relu && total <= 0 ? (real)0 : total;
}
