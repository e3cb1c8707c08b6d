// Convolution as one matrix product y = A · B, without writing A down: its numbers are taken from the images when they are needed.
//
//   FORWARD           y[(n,r,c), f]  = Σ over k = (i,j,m)   x[n, sh·r + dh·i - top, sw·c + dw·j - left, m] · kernel[(i,j,m), f]
//   INPUT_GRADIENT    dx[(n,h,w), m] = Σ over k = (i,j,f)   dz[n, (h + top - dh·i) / sh, (w + left - dw·j) / sw, f] · kernel[(i,j,m), f]
//   WEIGHT_GRADIENT   dk[(i,j,m), f] = Σ over k = (n,r,c)   x[n, sh·r + dh·i - top, sw·c + dw·j - left, m] · dz[(n,r,c), f]
//
// A dense layer is a convolution with a 1×1 kernel on pictures of one pixel. What lies outside a picture, or between the places of a
// stride, is 0. The weight gradient has one row more: a row of ones in A gives Σ dz, the gradient of the bias.
//
// Each block of 256 threads makes 128 × BN numbers of y. It walks along k in tiles of 16: all threads load a tile of A and one of B into
// shared memory while they still multiply the tile before. With several blocks along z ("parts") each walks a piece of k only, and
// sum_parts adds up what they found.
//
// Compiled for each case:  REAL float or double    MODE see below    BN 16, 32 or 64    TF32 1: tensor cores, factors rounded to 10 bits
//                          POOL 1: the largest of each 2×2 window is all that is written (FORWARD only)
//                          VEC 4: channels come in fours, and four are loaded at once; else 1
#define FORWARD 0
#define INPUT_GRADIENT 1
#define WEIGHT_GRADIENT 2

#define BM 128
#define BK 16
#define THREADS 256
#define A_STRIDE (BM + 8)                    // 8 more than a multiple of 32: the threads of a warp then read from 32 different banks
#define B_STRIDE ((BN + 31) / 32 * 32 + 8)
#define COLUMNS (BN / 8)                     // of y, for each thread; each has 4 rows
#define LOADS (BM * BK / THREADS / VEC)      // of A, for each thread and tile
typedef REAL real;

struct alignas(sizeof(real) * VEC) Vector {
    real v[VEC];
};

#if TF32 && defined(__CUDACC__)
__device__ real rounded(real x) {
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return __uint_as_float(bits);
}
// d (16×8) += a (16×8) · b (8×8), by a whole warp: thread 4g + t holds a[g][t], a[g+8][t], a[g][t+4], a[g+8][t+4]; b[t][g], b[t+4][g];
// d[g][2t], d[g][2t+1], d[g+8][2t], d[g+8][2t+1]  (PTX manual, mma.m16n8k8)
__device__ void multiply_in_warp(real &d0, real &d1, real &d2, real &d3, const real *a, const real *b) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3)
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])), "r"(__float_as_uint(a[3])),
          "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}
#elif !TF32
__device__ real rounded(real x) { return x; }
#endif

extern "C" __global__ void __launch_bounds__(THREADS) product(
    const real *a,                            // the images: x, or dz for the input gradient
    const real *b,                            // the kernel, or dz for the weight gradient
    const real *bias,                         // one for each column, or null
    real *y, unsigned char *winner,           // winner: which of the window's 4 was largest; 4: none, because the result is 0
    int M, int N, int K,                      // y is M × N; with POOL, M counts windows
    int H, int W, int C,                      // of the images in a
    int rows, int cols,                       // FORWARD: of y's images; INPUT_GRADIENT: of dx's; WEIGHT_GRADIENT: of dz's
    int kw, int sh, int sw, int dh, int dw, int top, int left, int part, int relu) {
    __shared__ real As[BK][A_STRIDE];
    __shared__ real Bs[BK][B_STRIDE];
    __shared__ int image[BM], line[BM], column[BM];  // of each row of A (of each of the 16 k, for the weight gradient)

    const int t = threadIdx.x;
    const int k_begin = blockIdx.z * part, k_end = min(K, k_begin + part);
    const int first_column = blockIdx.y * BN;

    // Where in the images the rows of A (or the pixels k) begin.
    int di = 0, dj = 0, channel = 0;
#if MODE == WEIGHT_GRADIENT  // each thread loads VEC rows of A, which are channels side by side
    const int a_row = blockIdx.x * BM + t % (BM / VEC) * VEC;
    channel = a_row % C;
    di = a_row / C / kw * dh - top;
    dj = a_row / C % kw * dw - left;
#else
    if (t < BM) {
        int place = blockIdx.x * BM + t;
#if POOL  // four rows of A, 8 apart, are one window of the pooling: the same thread will hold them
        int window = blockIdx.x * 32 + t / 32 * 8 + t % 8, e = t / 8 % 4;
        place = window;
        bool inside = window < M;
#else
        bool inside = place < M;
#endif
        int n = place / (rows * cols), r = place / cols % rows, c = place % cols;
#if POOL
        r = 2 * r + e / 2;
        c = 2 * c + e % 2;
#endif
        image[t] = inside ? n : -1;
        line[t] = MODE == FORWARD ? r * sh - top : r + top;
        column[t] = MODE == FORWARD ? c * sw - left : c + left;
    }
    __syncthreads();
#endif

    real acc[4][COLUMNS], next_a[LOADS * VEC], next_b[BK * BN / THREADS];
    for (int e = 0; e < 4; e++)
        for (int j = 0; j < COLUMNS; j++) acc[e][j] = 0;

    // Where this thread's numbers of y are: 4 rows, 8 apart, and COLUMNS columns.
#if TF32
    const int lane = t % 32, g = lane / 4, q = lane % 4, window = t / 64 * 8 + g, half = t / 32 % 2;
#define COLUMN(j) (half * (BN / 2) + (j) / 2 * 8 + q * 2 + (j) % 2)
#else
    const int window = t / 8;
#define COLUMN(j) (t % 8 + 8 * (j))
#endif
    [[maybe_unused]] const int first_row = window / 8 * 32 + window % 8;

    for (int k0 = k_begin - BK; k0 < k_end; k0 += BK) {  // the round before the first only loads
        const int k_next = k0 + BK;
        if (k0 >= k_begin) {
            __syncthreads();  // nobody reads the tile before any more
#if MODE == WEIGHT_GRADIENT
            for (int s = 0; s < LOADS; s++)
                for (int v = 0; v < VEC; v++)
                    As[t / (BM / VEC) + s * (THREADS * VEC / BM)][t % (BM / VEC) * VEC + v] = next_a[s * VEC + v];
#else
            for (int s = 0; s < LOADS; s++)
                for (int v = 0; v < VEC; v++)
                    As[t % (BK / VEC) * VEC + v][t / (BK / VEC) + s * (THREADS * VEC / BK)] = next_a[s * VEC + v];
#endif
#if MODE == INPUT_GRADIENT
            for (int s = 0; s < BK * BN / THREADS; s++) Bs[t % BK][t / BK + s * (THREADS / BK)] = next_b[s];
#else
            for (int s = 0; s < BK * BN / THREADS; s++) Bs[t / BN + s * (THREADS / BN)][t % BN] = next_b[s];
#endif
        }
#if MODE == WEIGHT_GRADIENT
        if (t < BK) {
            int pixel = k_next + t;
            image[t] = pixel < k_end ? pixel / (rows * cols) : -1;
            line[t] = pixel / cols % rows * sh;
            column[t] = pixel % cols * sw;
        }
#endif
        __syncthreads();

        if (k_next < k_end) {  // fetch the next tile; the numbers arrive while this one is multiplied
#if MODE == WEIGHT_GRADIENT
            for (int s = 0; s < LOADS; s++) {
                int kk = t / (BM / VEC) + s * (THREADS * VEC / BM), n = image[kk], h = line[kk] + di, w = column[kk] + dj;
                Vector some = {};
                if (a_row == M - 1) some.v[0] = n >= 0;
                else if (a_row < M && n >= 0 && h >= 0 && h < H && w >= 0 && w < W)
                    some = *(const Vector *)&a[((n * H + h) * W + w) * C + channel];
                for (int v = 0; v < VEC; v++) next_a[s * VEC + v] = rounded(some.v[v]);
            }
            for (int s = 0; s < BK * BN / THREADS; s++) {
                int k = k_next + t / BN + s * (THREADS / BN), f = first_column + t % BN;
                next_b[s] = rounded(k < k_end && f < N ? b[k * N + f] : (real)0);
            }
#else
            const int k = k_next + t % (BK / VEC) * VEC;
            channel = k % C;
            const int ij = k / C;
            di = ij / kw * dh;
            dj = ij % kw * dw;
            for (int s = 0; s < LOADS; s++) {
                int row = t / (BK / VEC) + s * (THREADS * VEC / BK), n = image[row];
                Vector some = {};
#if MODE == FORWARD
                int h = line[row] + di, w = column[row] + dj;
                bool hit = true;
#else
                int h = line[row] - di, w = column[row] - dj;
                bool hit = h >= 0 && w >= 0 && h % sh == 0 && w % sw == 0;
                h /= sh;
                w /= sw;
#endif
                if (hit && k < k_end && n >= 0 && h >= 0 && h < H && w >= 0 && w < W)
                    some = *(const Vector *)&a[((n * H + h) * W + w) * C + channel];
                for (int v = 0; v < VEC; v++) next_a[s * VEC + v] = rounded(some.v[v]);
            }
            for (int s = 0; s < BK * BN / THREADS; s++) {
#if MODE == FORWARD
                int kb = k_next + t / BN + s * (THREADS / BN), f = first_column + t % BN;
                next_b[s] = rounded(kb < k_end && f < N ? b[kb * N + f] : (real)0);
#else
                const int kb = k_next + t % BK, m = first_column + t / BK + s * (THREADS / BK);
                next_b[s] = rounded(kb < k_end && m < N ? b[(kb / C * N + m) * C + kb % C] : (real)0);
#endif
            }
#endif
        }

        if (k0 < k_begin) continue;
#if TF32
        for (int k8 = 0; k8 < BK; k8 += 8) {
            real av[2][4];
            for (int e = 0; e < 2; e++)
                for (int i = 0; i < 4; i++) av[e][i] = As[k8 + q + i / 2 * 4][t / 64 * 32 + e * 16 + g + i % 2 * 8];
            for (int j = 0; j < COLUMNS; j += 2) {
                const int c = half * (BN / 2) + j / 2 * 8 + g;
                const real bv[2] = {Bs[k8 + q][c], Bs[k8 + q + 4][c]};
                for (int e = 0; e < 4; e += 2)
                    multiply_in_warp(acc[e][j], acc[e][j + 1], acc[e + 1][j], acc[e + 1][j + 1], av[e / 2], bv);
            }
        }
#else
        for (int kk = 0; kk < BK; kk++)
            for (int e = 0; e < 4; e++)
                for (int j = 0; j < COLUMNS; j++) acc[e][j] += As[kk][first_row + 8 * e] * Bs[kk][COLUMN(j)];
#endif
    }

    if (bias)
        for (int j = 0; j < COLUMNS; j++) {
            const real shift = first_column + COLUMN(j) < N ? bias[first_column + COLUMN(j)] : (real)0;
            for (int e = 0; e < 4; e++) acc[e][j] += shift;
        }
#if POOL
    const int place = blockIdx.x * 32 + window;
    if (place >= M) return;
    for (int j = 0; j < COLUMNS; j++) {
        const int f = first_column + COLUMN(j);
        if (f >= N) continue;
        real best = acc[0][j];
        int who = 0;
        for (int e = 1; e < 4; e++)
            if (acc[e][j] > best || acc[e][j] != acc[e][j]) {  // not a number wins, as it does in NumPy
                best = acc[e][j];
                who = e;
            }
        const bool off = relu && best <= 0;
        y[place * N + f] = off ? (real)0 : best;
        winner[place * N + f] = off ? 4 : who;
    }
#else
    if (relu)
        for (int e = 0; e < 4; e++)
            for (int j = 0; j < COLUMNS; j++)
                if (acc[e][j] <= 0) acc[e][j] = 0;
    for (int e = 0; e < 4; e++) {
        const int m = blockIdx.x * BM + first_row + 8 * e;
        if (m >= M) continue;
        real *const line = y + (blockIdx.z * M + m) * N;
        for (int j = 0; j < COLUMNS; j++)
            if (first_column + COLUMN(j) < N) line[first_column + COLUMN(j)] = acc[e][j];
    }
#endif
}
