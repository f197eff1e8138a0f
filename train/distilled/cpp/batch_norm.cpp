// Batch norm and the activation behind it (Ioffe and Szegedy 2015), in one pass over the memory.
//
// Maps are (positions, channels) bfloat16, positions being n * height * width; channels are even.
// Sums are taken in float32 over a block of positions and in float64 over the blocks.
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "lanes.hpp"

namespace {

constexpr int64_t BLOCK = 64;  // positions; what a chunk of channels of them stays in the cache

enum Activation { NONE = 0, RELU6 = 1, RELU = 2 };

template <int ACTIVATION>
inline __m512 activated(__m512 value) {
  if (ACTIVATION != NONE) value = _mm512_max_ps(value, _mm512_setzero_ps());
  if (ACTIVATION == RELU6) value = _mm512_min_ps(value, _mm512_set1_ps(6.f));
  return value;
}

// What of a gradient passes back through an activation whose input was `value`.
template <int ACTIVATION>
inline __m512 passed(__m512 value, __m512 gradient) {
  if (ACTIVATION == NONE) return gradient;
  __mmask16 open = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_GT_OQ);
  if (ACTIVATION == RELU6) open &= _mm512_cmp_ps_mask(value, _mm512_set1_ps(6.f), _CMP_LT_OQ);
  return _mm512_maskz_mov_ps(open, gradient);
}

template <int ACTIVATION>
inline Lanes passed(const Lanes& value, const Lanes& gradient) {
  return {passed<ACTIVATION>(value.even, gradient.even),
          passed<ACTIVATION>(value.odd, gradient.odd)};
}

// Sum over the positions, by channel.
struct Sums {
  std::vector<double> first, second;
};

inline void add_to(double* sums, const Lanes& lanes) {
  float numbers[CHUNK];
  store_floats(numbers, lanes);
  for (int i = 0; i < CHUNK; i++) sums[i] += numbers[i];
}

// `part(from, to, chunk, mask, first, second)` adds a block of one chunk to two lanes; the threads'
// sums are added in their order, so that a result does not depend on who was ready first.
template <typename Part>
Sums summed(int64_t positions, int channels, const Part& part) {
  const int wide = chunks(channels) * CHUNK, threads = omp_get_max_threads();
  const int64_t blocks = (positions + BLOCK - 1) / BLOCK;
  std::vector<double> all(static_cast<size_t>(threads) * 2 * wide, 0.0);
#pragma omp parallel num_threads(threads)
  {
    double* first = &all[static_cast<size_t>(omp_get_thread_num()) * 2 * wide];
    double* second = first + wide;
#pragma omp for schedule(static)
    for (int64_t block = 0; block < blocks; block++) {
      const int64_t from = block * BLOCK, to = std::min(from + BLOCK, positions);
      for (int chunk = 0; chunk < wide / CHUNK; chunk++) {
        Lanes one = zeros(), two = zeros();
        part(from, to, chunk, mask_of(channels - chunk * CHUNK), one, two);
        add_to(first + chunk * CHUNK, one);
        add_to(second + chunk * CHUNK, two);
      }
    }
  }
  Sums sums{std::vector<double>(channels, 0.0), std::vector<double>(channels, 0.0)};
  for (int c = 0; c < channels; c++)
    for (int thread = 0; thread < threads; thread++) {
      const double* of_thread = &all[static_cast<size_t>(thread) * 2 * wide];
      sums.first[c] += of_thread[place(c)];
      sums.second[c] += of_thread[wide + place(c)];
    }
  return sums;
}

template <typename Part>
void for_each_block(int64_t positions, int channels, const Part& part) {
#pragma omp parallel for schedule(static)
  for (int64_t block = 0; block < (positions + BLOCK - 1) / BLOCK; block++) {
    const int64_t from = block * BLOCK, to = std::min(from + BLOCK, positions);
    for (int chunk = 0; chunk < chunks(channels); chunk++)
      part(from, to, chunk, mask_of(channels - chunk * CHUNK));
  }
}

template <int ACTIVATION>
void apply(const bfloat16* x, int64_t positions, int channels, const std::vector<float>& scale,
           const std::vector<float>& offset, bfloat16* y) {
  for_each_block(positions, channels, [&](int64_t from, int64_t to, int chunk, __mmask16 mask) {
    const Lanes a = load_floats(&scale[chunk * CHUNK]), b = load_floats(&offset[chunk * CHUNK]);
    for (int64_t p = from; p < to; p++) {
      const size_t at = static_cast<size_t>(p) * channels + chunk * CHUNK;
      const Lanes value = multiply_add(load(x + at, mask), a, b);
      store(y + at, mask, {activated<ACTIVATION>(value.even), activated<ACTIVATION>(value.odd)});
    }
  });
}

// The layer's scale and offset with the batch's mean and deviation drawn in: y = a x + b.
void folded(const float* gamma, const float* beta, const float* mean, const float* inverse,
            int channels, std::vector<float>& a, std::vector<float>& b) {
  std::vector<float> scale(channels), offset(channels);
  for (int c = 0; c < channels; c++) {
    scale[c] = gamma[c] * inverse[c];
    offset[c] = beta[c] - mean[c] * scale[c];
  }
  a = in_lanes(scale.data(), channels);
  b = in_lanes(offset.data(), channels);
}

template <int ACTIVATION>
void backward(const bfloat16* x, const bfloat16* dy, int64_t positions, int channels,
              const float* gamma, const float* beta, const float* mean, const float* inverse,
              bfloat16* dx, float* dgamma, float* dbeta) {
  std::vector<float> scale, offset;
  folded(gamma, beta, mean, inverse, channels, scale, offset);
  const Sums sums = summed(positions, channels, [&](int64_t from, int64_t to, int chunk,
                                                    __mmask16 mask, Lanes& ones, Lanes& xs) {
    const Lanes a = load_floats(&scale[chunk * CHUNK]), b = load_floats(&offset[chunk * CHUNK]);
    for (int64_t p = from; p < to; p++) {
      const size_t at = static_cast<size_t>(p) * channels + chunk * CHUNK;
      const Lanes value = load(x + at, mask);
      const Lanes gradient = passed<ACTIVATION>(multiply_add(value, a, b), load(dy + at, mask));
      ones = add(ones, gradient);
      xs = multiply_add(gradient, value, xs);
    }
  });
  // dx = a g + u x + v, which is a (g - dbeta / P - xhat dgamma / P) with xhat written out
  std::vector<double> u(channels), v(channels);
  for (int c = 0; c < channels; c++) {
    const double by_mean = sums.second[c] - mean[c] * sums.first[c];
    dbeta[c] = static_cast<float>(sums.first[c]);
    dgamma[c] = static_cast<float>(inverse[c] * by_mean);
    const double a = static_cast<double>(gamma[c]) * inverse[c];
    u[c] = -a * inverse[c] * inverse[c] * by_mean / positions;
    v[c] = -a * sums.first[c] / positions - u[c] * mean[c];
  }
  const std::vector<float> slope = in_lanes(u.data(), channels), rest = in_lanes(v.data(), channels);
  for_each_block(positions, channels, [&](int64_t from, int64_t to, int chunk, __mmask16 mask) {
    const Lanes a = load_floats(&scale[chunk * CHUNK]), b = load_floats(&offset[chunk * CHUNK]);
    const Lanes k1 = load_floats(&slope[chunk * CHUNK]), k0 = load_floats(&rest[chunk * CHUNK]);
    for (int64_t p = from; p < to; p++) {
      const size_t at = static_cast<size_t>(p) * channels + chunk * CHUNK;
      const Lanes value = load(x + at, mask);
      const Lanes gradient = passed<ACTIVATION>(multiply_add(value, a, b), load(dy + at, mask));
      store(dx + at, mask, multiply_add(gradient, a, multiply_add(value, k1, k0)));
    }
  });
}

}  // namespace

// OpenMP's threads for all kernels of this library.
extern "C" void use_threads(int threads) { omp_set_num_threads(threads); }

// y = activation(gamma (x - mean) inverse + beta); mean and inverse (1 / deviation) are written.
extern "C" void norm_forward(const bfloat16* x, int64_t positions, int channels,
                             const float* gamma, const float* beta, float epsilon, int activation,
                             bfloat16* y, float* mean, float* inverse) {
  const Sums sums = summed(positions, channels, [&](int64_t from, int64_t to, int chunk,
                                                    __mmask16 mask, Lanes& xs, Lanes& squares) {
    for (int64_t p = from; p < to; p++) {
      const Lanes value = load(x + static_cast<size_t>(p) * channels + chunk * CHUNK, mask);
      xs = add(xs, value);
      squares = multiply_add(value, value, squares);
    }
  });
  for (int c = 0; c < channels; c++) {
    const double middle = sums.first[c] / positions;
    const double variance = std::max(0.0, sums.second[c] / positions - middle * middle);
    mean[c] = static_cast<float>(middle);
    inverse[c] = static_cast<float>(1 / std::sqrt(variance + epsilon));
  }
  std::vector<float> scale, offset;
  folded(gamma, beta, mean, inverse, channels, scale, offset);
  const auto run = activation == RELU6  ? apply<RELU6>
                   : activation == RELU ? apply<RELU>
                                        : apply<NONE>;
  run(x, positions, channels, scale, offset, y);
}

// From the gradient behind the activation to those of x, gamma and beta.
extern "C" void norm_backward(const bfloat16* x, const bfloat16* dy, int64_t positions,
                              int channels, const float* gamma, const float* beta,
                              const float* mean, const float* inverse, int activation,
                              bfloat16* dx, float* dgamma, float* dbeta) {
  const auto run = activation == RELU6  ? backward<RELU6>
                   : activation == RELU ? backward<RELU>
                                        : backward<NONE>;
  run(x, dy, positions, channels, gamma, beta, mean, inverse, dx, dgamma, dbeta);
}
