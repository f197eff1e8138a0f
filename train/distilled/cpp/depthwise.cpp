// Depthwise 3x3 convolutions and their gradients.
//
// Maps are (n, height, width, channels) bfloat16 with an even number of channels; kernels are
// (channels, 3, 3) float32. Stride 1 pads by one all around. Stride 2 takes even sides and pads by
// one at the right and below only, as Keras' MobileNetV2 does.
//
// A thread takes one chunk of channels of one picture: it keeps the three rows in question as
// floats, so that each pixel is widened once and not nine times.
#include <omp.h>

#include "lanes.hpp"

namespace {

struct Shape {
  int n, height, width, channels;
};

using Kernel = Lanes[9];

// The rows of a picture's chunk as floats, with zeros beside them; row h lies in slot h % slots.
class Rows {
 public:
  Rows(int slots, int left, int width, int right)
      : slots_(slots), left_(left), width_(width), right_(right),
        floats_(static_cast<float*>(_mm_malloc(sizeof(float) * slots * stride(), 64))) {}
  ~Rows() { _mm_free(floats_); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  float* row(int h) { return floats_ + static_cast<size_t>((h + slots_) % slots_) * stride(); }

  // Zeros if `from` is null: a row above or below the picture.
  void fill(int h, const bfloat16* from, int channels, __mmask16 mask) {
    float* to = row(h);
    for (int i = 0; i < left_; i++, to += CHUNK) store_floats(to, zeros());
    for (int w = 0; w < width_; w++, to += CHUNK)
      store_floats(to, from ? load(from + static_cast<size_t>(w) * channels, mask) : zeros());
    for (int i = 0; i < right_; i++, to += CHUNK) store_floats(to, zeros());
  }

 private:
  size_t stride() const { return static_cast<size_t>(left_ + width_ + right_) * CHUNK; }

  int slots_, left_, width_, right_;
  float* floats_;
};

void read_kernel(const float* weights, int channels, int chunk, bool turned, Kernel& kernel) {
  for (int tap = 0; tap < 9; tap++) {
    float lanes[CHUNK] = {};
    for (int i = 0; i < CHUNK && chunk * CHUNK + i < channels; i++)
      lanes[place(i)] = weights[(chunk * CHUNK + i) * 9 + (turned ? 8 - tap : tap)];
    kernel[tap] = load_floats(lanes);
  }
}

// Goes through a chunk of a picture row by row of the result, and calls `part(h, a, b, c)` with the
// three rows of the source that row h of the result looks at.
template <int STRIDE, typename Part>
void by_rows(const bfloat16* picture, const Shape& shape, __mmask16 mask, Rows& rows,
             const Part& part) {
  const auto fill = [&](int h) {
    const bool inside = h >= 0 && h < shape.height;
    const size_t at = static_cast<size_t>(inside ? h : 0) * shape.width * shape.channels;
    rows.fill(h, inside ? picture + at : nullptr, shape.channels, mask);
  };
  constexpr int ABOVE = STRIDE == 1 ? 1 : 0;
  for (int h = -ABOVE; h < 3 - STRIDE - ABOVE; h++) fill(h);
  for (int h = 0; h < shape.height / STRIDE; h++) {
    const int top = h * STRIDE - ABOVE;
    for (int next = top + 3 - STRIDE; next < top + 3; next++) fill(next);
    part(h, rows.row(top), rows.row(top + 1), rows.row(top + 2));
  }
}

template <int STRIDE>
Rows three_rows(const Shape& shape) {
  return STRIDE == 1 ? Rows(3, 1, shape.width, 1) : Rows(3, 0, shape.width, 1);
}

template <int STRIDE>
void convolve(const bfloat16* x, const float* weights, bfloat16* y, const Shape& shape,
              bool turned) {
  const int channels = shape.channels, width = shape.width / STRIDE;
  const size_t taken = static_cast<size_t>(shape.height) * shape.width * channels;
  const size_t made = static_cast<size_t>(shape.height / STRIDE) * width * channels;
#pragma omp parallel
  {
    Rows rows = three_rows<STRIDE>(shape);
#pragma omp for collapse(2) schedule(static)
    for (int n = 0; n < shape.n; n++)
      for (int chunk = 0; chunk < chunks(channels); chunk++) {
        const __mmask16 mask = mask_of(channels - chunk * CHUNK);
        Kernel k;
        read_kernel(weights, channels, chunk, turned, k);
        bfloat16* to = y + n * made + chunk * CHUNK;
        by_rows<STRIDE>(
            x + n * taken + chunk * CHUNK, shape, mask, rows,
            [&](int, const float* a, const float* b, const float* c) {
              for (int w = 0; w < width; w++, to += channels) {
                // two sums, so that one need not wait for the other
                Lanes one = multiply(k[0], load_floats(a));
                Lanes two = multiply(k[1], load_floats(a + CHUNK));
                one = multiply_add(k[2], load_floats(a + 2 * CHUNK), one);
                two = multiply_add(k[3], load_floats(b), two);
                one = multiply_add(k[4], load_floats(b + CHUNK), one);
                two = multiply_add(k[5], load_floats(b + 2 * CHUNK), two);
                one = multiply_add(k[6], load_floats(c), one);
                two = multiply_add(k[7], load_floats(c + CHUNK), two);
                one = multiply_add(k[8], load_floats(c + 2 * CHUNK), one);
                store(to, mask, add(one, two));
                a += STRIDE * CHUNK, b += STRIDE * CHUNK, c += STRIDE * CHUNK;
              }
            });
      }
  }
}

template <int STRIDE>
void kernel_gradient(const bfloat16* x, const bfloat16* dy, float* dweights, const Shape& shape) {
  const int channels = shape.channels, width = shape.width / STRIDE;
  const int wide = chunks(channels) * CHUNK, threads = omp_get_max_threads();
  const size_t taken = static_cast<size_t>(shape.height) * shape.width * channels;
  const size_t made = static_cast<size_t>(shape.height / STRIDE) * width * channels;
  std::vector<float> all(static_cast<size_t>(threads) * 9 * wide, 0.f);
#pragma omp parallel num_threads(threads)
  {
    Rows rows = three_rows<STRIDE>(shape);
    float* mine = &all[static_cast<size_t>(omp_get_thread_num()) * 9 * wide];
#pragma omp for collapse(2) schedule(static)
    for (int n = 0; n < shape.n; n++)
      for (int chunk = 0; chunk < chunks(channels); chunk++) {
        const __mmask16 mask = mask_of(channels - chunk * CHUNK);
        Lanes s[9];
        for (Lanes& tap : s) tap = zeros();
        const bfloat16* from = dy + n * made + chunk * CHUNK;
        by_rows<STRIDE>(
            x + n * taken + chunk * CHUNK, shape, mask, rows,
            [&](int, const float* a, const float* b, const float* c) {
              for (int w = 0; w < width; w++, from += channels) {
                const Lanes g = load(from, mask);
                for (int i = 0; i < 3; i++) {
                  s[i] = multiply_add(g, load_floats(a + i * CHUNK), s[i]);
                  s[3 + i] = multiply_add(g, load_floats(b + i * CHUNK), s[3 + i]);
                  s[6 + i] = multiply_add(g, load_floats(c + i * CHUNK), s[6 + i]);
                }
                a += STRIDE * CHUNK, b += STRIDE * CHUNK, c += STRIDE * CHUNK;
              }
            });
        for (int tap = 0; tap < 9; tap++) {
          float* sum = mine + static_cast<size_t>(tap) * wide + chunk * CHUNK;
          store_floats(sum, add(s[tap], load_floats(sum)));
        }
      }
  }
  for (int c = 0; c < channels; c++)
    for (int tap = 0; tap < 9; tap++) {
      float sum = 0;  // in the threads' order, whoever was ready first
      for (int thread = 0; thread < threads; thread++)
        sum += all[(static_cast<size_t>(thread) * 9 + tap) * wide + place(c)];
      dweights[c * 9 + tap] = sum;
    }
}

// Stride 2 backwards: of each four pixels of x one was seen by four of the result, two by two of
// it and one by one.
void input_gradient_of_stride_2(const bfloat16* dy, const float* weights, bfloat16* dx,
                                const Shape& shape) {
  const int channels = shape.channels, width = shape.width / 2, height = shape.height / 2;
  const size_t made = static_cast<size_t>(shape.height) * shape.width * channels;
  const size_t taken = static_cast<size_t>(height) * width * channels;
#pragma omp parallel
  {
    Rows rows(2, 1, width, 0);
#pragma omp for collapse(2) schedule(static)
    for (int n = 0; n < shape.n; n++)
      for (int chunk = 0; chunk < chunks(channels); chunk++) {
        const __mmask16 mask = mask_of(channels - chunk * CHUNK);
        Kernel k;
        read_kernel(weights, channels, chunk, false, k);
        const bfloat16* from = dy + n * taken + chunk * CHUNK;
        bfloat16* picture = dx + n * made + chunk * CHUNK;
        rows.fill(-1, nullptr, channels, mask);
        for (int h = 0; h < height; h++) {
          rows.fill(h, from + static_cast<size_t>(h) * width * channels, channels, mask);
          const float *here = rows.row(h), *above = rows.row(h - 1);
          bfloat16* upper = picture + static_cast<size_t>(2 * h) * shape.width * channels;
          bfloat16* lower = upper + static_cast<size_t>(shape.width) * channels;
          for (int w = 0; w < width; w++, here += CHUNK, above += CHUNK) {
            const Lanes left = load_floats(here), middle = load_floats(here + CHUNK);
            const Lanes above_left = load_floats(above), over = load_floats(above + CHUNK);
            Lanes corner = multiply_add(k[6], over, multiply(k[8], above_left));
            corner = multiply_add(k[0], middle, multiply_add(k[2], left, corner));
            store(upper, mask, corner);
            store(upper + channels, mask, multiply_add(k[1], middle, multiply(k[7], over)));
            store(lower, mask, multiply_add(k[3], middle, multiply(k[5], left)));
            store(lower + channels, mask, multiply(k[4], middle));
            upper += 2 * channels, lower += 2 * channels;
          }
        }
      }
  }
}

}  // namespace

extern "C" void depthwise_forward(const bfloat16* x, const float* weights, bfloat16* y, int n,
                                  int height, int width, int channels, int stride) {
  const Shape shape{n, height, width, channels};
  (stride == 1 ? convolve<1> : convolve<2>)(x, weights, y, shape, false);
}

// From the gradient of y to those of x and of the kernels.
extern "C" void depthwise_backward(const bfloat16* x, const bfloat16* dy, const float* weights,
                                   bfloat16* dx, float* dweights, int n, int height, int width,
                                   int channels, int stride) {
  const Shape shape{n, height, width, channels};
  (stride == 1 ? kernel_gradient<1> : kernel_gradient<2>)(x, dy, dweights, shape);
  if (stride == 1)  // stride 1 backwards is the same with the kernel turned around
    convolve<1>(dy, weights, dx, shape, true);
  else
    input_gradient_of_stride_2(dy, weights, dx, shape);
}
