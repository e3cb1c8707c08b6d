// What a CUDA kernel needs to run on a CPU: one block after the other. Threads of a kernel that waits for others (__syncthreads, or a
// product of a warp) are fibers, which take turns at these points; else they are the rounds of a loop.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>
#include <ucontext.h>
using std::exp;
using std::log;
using std::max;
using std::min;
using std::pow;
using std::sqrt;

struct dim3 {
    unsigned x, y, z;
};
static dim3 gridDim, blockDim, blockIdx, threadIdx;
#define __global__
#define __device__ static
#define __shared__ static  // blocks do not run side by side
#define __launch_bounds__(n)

static const int MOST_THREADS = 1024, STACK = 64 * 1024;
static ucontext_t scheduler, fibers[MOST_THREADS];
static char stacks[MOST_THREADS][STACK];
static int waits_at[MOST_THREADS];  // the line where a fiber waits; 0: it has returned
static int current;

static void wait_at(int line) {
    waits_at[current] = line;
    swapcontext(&fibers[current], &scheduler);
}
#define __syncthreads() wait_at(__LINE__)

// The products of a warp, as the PTX manual defines them: every lane shows what it holds, and takes its own part of the sum.
static float shown_a[MOST_THREADS][4], shown_b[MOST_THREADS][2];
static float rounded_tf32(float x) {  // to 10 bits, halves away from zero
    uint32_t bits;
    memcpy(&bits, &x, 4);
    if ((bits & 0x7f800000u) != 0x7f800000u) bits = (bits + 0x1000u) & ~0x1fffu;
    memcpy(&x, &bits, 4);
    return x;
}
static void multiply_shown(float &d0, float &d1, float &d2, float &d3, const float *a, const float *b) {
    const int me = current, warp = me / 32 * 32, g = me % 32 / 4, t = me % 4;
    memcpy(shown_a[me], a, 16);
    memcpy(shown_b[me], b, 8);
    wait_at(-1);
    float *d[2][2] = {{&d0, &d1}, {&d2, &d3}};
    for (int half = 0; half < 2; half++)
        for (int p = 0; p < 2; p++)
            for (int k = 0; k < 8; k++) {
                const float x = shown_a[warp + 4 * g + k % 4][half + 2 * (k / 4)];
                const float y = shown_b[warp + 4 * (2 * t + p) + k % 4][k / 4];
                *d[half][p] += x * y;
            }
    wait_at(-2);
}
#if TF32
static float rounded(float x) { return rounded_tf32(x); }
#define multiply_in_warp multiply_shown
#endif

template <class... P, size_t... I>
static void call(void (*kernel)(P...), void **arguments, std::index_sequence<I...>) {
    kernel(*(std::remove_const_t<P> *)arguments[I]...);
}
template <class... P>
static void call(void (*kernel)(P...), void **arguments) {
    call(kernel, arguments, std::make_index_sequence<sizeof...(P)>());
}

static void (*to_run)(void **);
static void **its_arguments;
static void fiber_main() {
    to_run(its_arguments);
    waits_at[current] = 0;
    swapcontext(&fibers[current], &scheduler);
}

// 0, or 1 if threads of a block waited at different places: on a GPU, that is undefined.
static int run_block(void (*kernel)(void **), void **arguments, bool as_fibers) {
    const int threads = blockDim.x;
    if (!as_fibers) {
        for (current = 0; current < threads; current++) {
            threadIdx.x = current;
            kernel(arguments);
        }
        return 0;
    }
    to_run = kernel;
    its_arguments = arguments;
    for (int i = 0; i < threads; i++) {
        getcontext(&fibers[i]);
        fibers[i].uc_stack.ss_sp = stacks[i];
        fibers[i].uc_stack.ss_size = STACK;
        fibers[i].uc_link = &scheduler;
        makecontext(&fibers[i], fiber_main, 0);
        waits_at[i] = 1 << 30;
    }
    for (;;) {
        for (current = 0; current < threads; current++) {
            threadIdx.x = current;
            if (waits_at[current]) swapcontext(&scheduler, &fibers[current]);
        }
        for (int i = 1; i < threads; i++)
            if (waits_at[i] != waits_at[0]) return 1;
        if (!waits_at[0]) return 0;
    }
}

#define RUN(name, as_fibers)                                                                              \
    static void unpacked_##name(void **arguments) { call(name, arguments); }                              \
    extern "C" int run_##name(unsigned x, unsigned y, unsigned z, unsigned threads, void **arguments) {   \
        gridDim = {x, y, z};                                                                              \
        blockDim = {threads, 1, 1};                                                                       \
        for (blockIdx.z = 0; blockIdx.z < z; blockIdx.z++)                                                \
            for (blockIdx.y = 0; blockIdx.y < y; blockIdx.y++)                                            \
                for (blockIdx.x = 0; blockIdx.x < x; blockIdx.x++)                                        \
                    if (run_block(unpacked_##name, arguments, as_fibers)) return 1;                       \
        return 0;                                                                                         \
    }
