// bfloat16 in and out of AVX-512 registers, thirty-two channels at a time.
//
// A bfloat16 is the upper half of a float32. A register of 32 of them is read as 16 double words,
// of which the lower halves are the even channels and the upper halves the odd ones; each becomes
// a register of floats by a shift or a mask, without any reordering. Numbers of a channel that are
// kept as floats are therefore laid out as [chunk of 32][even, odd][16].
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <vector>

using bfloat16 = uint16_t;

constexpr int CHUNK = 32;  // channels of a register
constexpr int HALF = 16;

inline int chunks(int channels) { return (channels + CHUNK - 1) / CHUNK; }

// Which double words of a chunk exist, of `left` channels (an even number) from its first one on.
inline __mmask16 mask_of(int left) {
  return left >= CHUNK ? 0xffff : static_cast<__mmask16>((1u << (left / 2)) - 1);
}

struct Lanes {
  __m512 even, odd;
};

inline Lanes load(const bfloat16* from, __mmask16 mask) {
  const __m512i both = _mm512_maskz_loadu_epi32(mask, from);
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(both, 16)),
          _mm512_castsi512_ps(_mm512_and_si512(both, upper))};
}

inline Lanes load_floats(const float* from) {
  return {_mm512_loadu_ps(from), _mm512_loadu_ps(from + HALF)};
}

inline void store_floats(float* to, const Lanes& lanes) {
  _mm512_storeu_ps(to, lanes.even);
  _mm512_storeu_ps(to + HALF, lanes.odd);
}

// Adds what rounds the upper half to the nearest, ties to even, once the lower half is cut off.
inline __m512i rounded(__m512 value) {
  const __m512i bits = _mm512_castps_si512(value);
  const __m512i last = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  return _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), last);
}

inline void store(bfloat16* to, __mmask16 mask, const Lanes& lanes) {
  const __m512i even = _mm512_srli_epi32(rounded(lanes.even), 16);
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xffff0000));
  const __m512i odd = _mm512_and_si512(rounded(lanes.odd), upper);
  _mm512_mask_storeu_epi32(to, mask, _mm512_or_si512(even, odd));
}

inline Lanes zeros() { return {_mm512_setzero_ps(), _mm512_setzero_ps()}; }

inline Lanes add(const Lanes& a, const Lanes& b) {
  return {_mm512_add_ps(a.even, b.even), _mm512_add_ps(a.odd, b.odd)};
}

inline Lanes multiply(const Lanes& a, const Lanes& b) {
  return {_mm512_mul_ps(a.even, b.even), _mm512_mul_ps(a.odd, b.odd)};
}

// a * b + c
inline Lanes multiply_add(const Lanes& a, const Lanes& b, const Lanes& c) {
  return {_mm512_fmadd_ps(a.even, b.even, c.even), _mm512_fmadd_ps(a.odd, b.odd, c.odd)};
}

// Where channel `channel` stands in the layout of lanes.
inline int place(int channel) {
  return channel / CHUNK * CHUNK + channel % 2 * HALF + channel % CHUNK / 2;
}

// (channels,) numbers in the layout of lanes, zero where a chunk has no channel.
template <typename Number>
std::vector<float> in_lanes(const Number* numbers, int channels) {
  std::vector<float> lanes(static_cast<size_t>(chunks(channels)) * CHUNK, 0.f);
  for (int c = 0; c < channels; c++) lanes[place(c)] = static_cast<float>(numbers[c]);
  return lanes;
}
