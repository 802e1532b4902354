#include "dcache/text/digest.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace dcache::text {
namespace {

constexpr std::array<uint32_t, 64> kMd5 = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
constexpr std::array<uint32_t, 64> kSha256 = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
constexpr std::array<uint32_t, 8> kSha256Start = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
constexpr std::array<uint64_t, 80> kSha512 = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
constexpr std::array<uint64_t, 8> kSha512Start = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

// The text with a 1 bit, zeros and its length in bits, to whole blocks.
std::string padded(std::string_view text, size_t block, size_t length_bytes, bool big_endian) {
  std::string all(text);
  all.push_back('\x80');
  while (all.size() % block != block - length_bytes)
    all.push_back('\0');
  const uint64_t bits = uint64_t{text.size()} * 8;
  all.append(length_bytes - 8, '\0');
  for (unsigned i = 0; i < 8; ++i)
    all.push_back(static_cast<char>(bits >> (8 * (big_endian ? 7 - i : i))));
  return all;
}

template <typename Word>
Word big_endian_word(std::string_view bytes, size_t at) {
  Word word = 0;
  for (size_t i = 0; i < sizeof(Word); ++i)
    word = static_cast<Word>((word << 8U) | static_cast<unsigned char>(bytes[at + i]));
  return word;
}

template <typename Words>
std::string big_endian_bytes(const Words& words) {
  std::string bytes;
  for (const auto word : words) {
    for (size_t i = sizeof(word); i-- > 0;)
      bytes.push_back(static_cast<char>(word >> (8 * i)));
  }
  return bytes;
}

uint32_t byte_swapped(uint32_t word) {
  return (word >> 24U) | ((word >> 8U) & 0xff00U) | ((word << 8U) & 0xff0000U) | (word << 24U);
}

uint32_t little_endian_word(std::string_view bytes, size_t at) {
  return byte_swapped(big_endian_word<uint32_t>(bytes, at));
}

struct Sha256 {
  using Word = uint32_t;
  static constexpr size_t kRounds = 64;
  static constexpr const auto& kConstants = kSha256;
  static Word s0(Word x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3U); }
  static Word s1(Word x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10U); }
  static Word e0(Word x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
  static Word e1(Word x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }
};

struct Sha512 {
  using Word = uint64_t;
  static constexpr size_t kRounds = 80;
  static constexpr const auto& kConstants = kSha512;
  static Word s0(Word x) { return std::rotr(x, 1) ^ std::rotr(x, 8) ^ (x >> 7U); }
  static Word s1(Word x) { return std::rotr(x, 19) ^ std::rotr(x, 61) ^ (x >> 6U); }
  static Word e0(Word x) { return std::rotr(x, 28) ^ std::rotr(x, 34) ^ std::rotr(x, 39); }
  static Word e1(Word x) { return std::rotr(x, 14) ^ std::rotr(x, 18) ^ std::rotr(x, 41); }
};

template <typename Sha>
void sha2_block(std::string_view block, std::array<typename Sha::Word, 8>& state) {
  using Word = typename Sha::Word;
  std::array<Word, Sha::kRounds> w;
  for (size_t i = 0; i < 16; ++i)
    w[i] = big_endian_word<Word>(block, i * sizeof(Word));
  for (size_t i = 16; i < Sha::kRounds; ++i)
    w[i] = Sha::s1(w[i - 2]) + w[i - 7] + Sha::s0(w[i - 15]) + w[i - 16];
  auto [a, b, c, d, e, f, g, h] = state;
  for (size_t i = 0; i < Sha::kRounds; ++i) {
    const Word first = h + Sha::e1(e) + ((e & f) ^ (~e & g)) + Sha::kConstants[i] + w[i];
    const Word second = Sha::e0(a) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  const std::array<Word, 8> mixed = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < 8; ++i)
    state[i] += mixed[i];
}

template <typename Sha>
std::string sha2(std::string_view text, std::array<typename Sha::Word, 8> state) {
  constexpr size_t kBlock = 16 * sizeof(typename Sha::Word);
  const std::string all = padded(text, kBlock, kBlock / 8, true);
  for (size_t at = 0; at < all.size(); at += kBlock)
    sha2_block<Sha>(std::string_view(all).substr(at, kBlock), state);
  return big_endian_bytes(state);
}

void sha1_block(std::string_view block, std::array<uint32_t, 5>& state) {
  std::array<uint32_t, 80> w;
  for (size_t i = 0; i < 16; ++i)
    w[i] = big_endian_word<uint32_t>(block, i * 4);
  for (size_t i = 16; i < 80; ++i)
    w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  static constexpr std::array<uint32_t, 4> kConstants = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
  auto [a, b, c, d, e] = state;
  for (size_t i = 0; i < 80; ++i) {
    const uint32_t f = i < 20              ? (b & c) | (~b & d)
                       : i < 40 || i >= 60 ? b ^ c ^ d
                                           : (b & c) | (b & d) | (c & d);
    const uint32_t next = std::rotl(a, 5) + f + e + kConstants[i / 20] + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const std::array<uint32_t, 5> mixed = {a, b, c, d, e};
  for (size_t i = 0; i < 5; ++i)
    state[i] += mixed[i];
}

void md5_block(std::string_view block, std::array<uint32_t, 4>& state) {
  static constexpr std::array<std::array<int, 4>, 4> kShifts = {
      {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
  auto [a, b, c, d] = state;
  for (size_t i = 0; i < 64; ++i) {
    const size_t round = i / 16;
    const uint32_t f = round == 0   ? (b & c) | (~b & d)
                       : round == 1 ? (d & b) | (~d & c)
                       : round == 2 ? b ^ c ^ d
                                    : c ^ (b | ~d);
    const size_t word = round == 0   ? i
                        : round == 1 ? (5 * i + 1) % 16
                        : round == 2 ? (3 * i + 5) % 16
                                     : 7 * i % 16;
    const uint32_t sum = f + a + kMd5[i] + little_endian_word(block, word * 4);
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[round][i % 4]);
  }
  const std::array<uint32_t, 4> mixed = {a, b, c, d};
  for (size_t i = 0; i < 4; ++i)
    state[i] += mixed[i];
}

}  // namespace

std::string md5(std::string_view text) {
  std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const std::string all = padded(text, 64, 8, false);
  for (size_t at = 0; at < all.size(); at += 64)
    md5_block(std::string_view(all).substr(at, 64), state);
  for (uint32_t& word : state)
    word = byte_swapped(word);
  return big_endian_bytes(state);
}

std::string sha1(std::string_view text) {
  std::array<uint32_t, 5> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  const std::string all = padded(text, 64, 8, true);
  for (size_t at = 0; at < all.size(); at += 64)
    sha1_block(std::string_view(all).substr(at, 64), state);
  return big_endian_bytes(state);
}

std::string sha256(std::string_view text) {
  return sha2<Sha256>(text, kSha256Start);
}

std::string sha512(std::string_view text) {
  return sha2<Sha512>(text, kSha512Start);
}

std::string hexadecimal(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

}  // namespace dcache::text
