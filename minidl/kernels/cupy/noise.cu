// Masks of dropout.
typedef REAL real;
#define THIS_THREAD (blockIdx.x * blockDim.x + threadIdx.x)

// Philox 4x32-10: four random words from a counter and a key, by ten rounds of multiplication (Salmon et al. 2011). The n-th number is a
// function of n alone, so threads need no state; where the next draw begins is a number in device memory, which `advance` moves.
__device__ void philox(unsigned *c, unsigned key0, unsigned key1) {
    for (int round = 0; round < 10; round++) {
        const unsigned long long product0 = 0xD2511F53ull * c[0], product1 = 0xCD9E8D57ull * c[2];
        const unsigned high0 = product0 >> 32, high1 = product1 >> 32;
        c[0] = high1 ^ c[1] ^ key0;
        c[2] = high0 ^ c[3] ^ key1;
        c[1] = (unsigned)product1;
        c[3] = (unsigned)product0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

// 0 with probability rate, else 1 / (1 - rate); state = {key, where the next draw begins}. Each thread makes four.
extern "C" __global__ void keep_mask(real *mask, const unsigned long long *state, int count, double rate) {
    int at = THIS_THREAD;
    if (4 * at >= count) return;
    const unsigned long long place = state[1] + at;
    unsigned words[4] = {(unsigned)place, (unsigned)(place >> 32), 0u, 0u};
    philox(words, (unsigned)state[0], (unsigned)(state[0] >> 32));
    for (int i = 0; i < 4 && 4 * at + i < count; i++) mask[4 * at + i] = words[i] * (1.0 / 4294967296.0) >= rate ? (real)(1 / (1 - rate)) : (real)0;
}

extern "C" __global__ void advance(unsigned long long *number, unsigned long long step) {
    if (THIS_THREAD == 0) *number += step;
}
