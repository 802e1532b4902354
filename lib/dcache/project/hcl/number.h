// Numbers as HCL counts with them: binary floating point of up to 512 bits, so that 0.1 + 0.2 prints as 0.3.
//
// Each number knows its precision, as in Go's math/big: what is written in a file has 512 bits, a length 64,
// a variable of the environment 53. An operation has the larger precision of its operands and rounds to even.
// Source: https://github.com/zclconf/go-cty, https://pkg.go.dev/math/big#Float
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::project::hcl {

// A natural number of any size.
class Natural {
 public:
  Natural() = default;
  explicit Natural(uint64_t value);

  bool zero() const { return limbs_.empty(); }
  uint32_t bits() const;
  bool bit(uint32_t index) const;
  // Whether one of the lowest `count` bits is set.
  bool any_below(uint32_t count) const;
  uint64_t low() const;

  Natural plus(const Natural& other) const;
  Natural minus(const Natural& other) const;  // which is not larger
  Natural times(const Natural& other) const;
  Natural shifted_left(uint32_t count) const;
  Natural shifted_right(uint32_t count) const;
  // The quotient; what is left goes to `rest`.
  Natural divided(const Natural& by, Natural& rest) const;
  int compare(const Natural& other) const;

  // this = this * factor + summand, and the remainder of a division by a small number.
  void multiply_add(uint32_t factor, uint32_t summand);
  uint32_t divide_small(uint32_t by);
  // Digits without a sign; bases up to 62 (0-9, a-z, A-Z).
  std::string text(uint32_t base = 10) const;

  static Natural power(uint32_t base, uint32_t exponent);

 private:
  void trim();
  std::vector<uint32_t> limbs_;  // lowest first, the last one is not 0
};

// A number in decimal: 0.digits * 10^point.
struct Decimal {
  bool negative = false;
  std::string digits = {};  // without zeros at either end; empty for 0
  int point = 0;

  // Keeps `count` digits, rounded half to even.
  void round(int count);
};

class Number {
 public:
  static constexpr uint32_t kPrecision = 512;
  // Numbers beyond 10^±kLargestExponent, or that are written with more digits, are not taken.
  static constexpr int kLargestExponent = 1200;

  Number() = default;  // 0
  static Number of(int64_t value);
  static Number of_double(double value);
  static Number infinity(bool negative);
  // A decimal number with 512 bits. Nothing for another text, or a number that is out of range.
  static std::optional<Number> parse(std::string_view text);
  // An integer in a base from 2 to 62.
  static std::optional<Number> parse_integer(std::string_view digits, uint32_t base);

  bool negative() const { return negative_; }
  bool infinite() const { return infinite_; }
  bool zero() const { return !infinite_ && mantissa_.zero(); }
  bool whole() const;
  // Whether it is so far from 1 that calculating with it is refused.
  bool out_of_range() const;
  std::optional<int64_t> integer() const;  // nothing for a fraction or a large one
  double approximate() const;

  // As Go prints it with %f and the fewest digits that tell it from its neighbours.
  std::string text() const;
  Decimal exact() const;
  Decimal shortest() const;
  // The magnitude of a whole number.
  Natural magnitude() const;

  Number negated() const;
  Number truncated() const;
  Number floor() const;
  Number ceiling() const;

  static Number sum(const Number& a, const Number& b);
  static Number product(const Number& a, const Number& b);
  static std::optional<Number> quotient(const Number& a, const Number& b);  // nothing for 0/0
  static std::optional<Number> remainder(const Number& a, const Number& b);
  static int compare(const Number& a, const Number& b);

 private:
  Number(bool negative, Natural mantissa, int exponent, uint32_t precision, bool inexact = false);

  Natural mantissa_;
  int exponent_ = 0;  // the value is mantissa * 2^exponent
  uint32_t precision_ = 64;
  bool negative_ = false;
  bool infinite_ = false;
};

}  // namespace dcache::project::hcl
