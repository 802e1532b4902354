#include "dcache/project/hcl/number.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

constexpr uint32_t kLimb = 32;
constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
// A larger exponent of two than what kLargestExponent gives with some operations.
constexpr int kLargestBinaryExponent = 1 << 14;

}  // namespace

Natural::Natural(uint64_t value) {
  for (; value != 0; value >>= kLimb)
    limbs_.push_back(static_cast<uint32_t>(value));
}

void Natural::trim() {
  while (!limbs_.empty() && limbs_.back() == 0)
    limbs_.pop_back();
}

uint32_t Natural::bits() const {
  if (limbs_.empty()) return 0;
  return static_cast<uint32_t>(limbs_.size() * kLimb) -
         static_cast<uint32_t>(std::countl_zero(limbs_.back()));
}

bool Natural::bit(uint32_t index) const {
  const size_t limb = index / kLimb;
  return limb < limbs_.size() && ((limbs_[limb] >> (index % kLimb)) & 1U) != 0;
}

bool Natural::any_below(uint32_t count) const {
  const size_t whole = std::min<size_t>(count / kLimb, limbs_.size());
  for (size_t i = 0; i < whole; ++i) {
    if (limbs_[i] != 0) return true;
  }
  if (whole >= limbs_.size()) return false;
  return (limbs_[whole] & ((uint32_t{1} << (count % kLimb)) - 1)) != 0;
}

uint64_t Natural::low() const {
  uint64_t value = limbs_.empty() ? 0 : limbs_[0];
  if (limbs_.size() > 1) value |= uint64_t{limbs_[1]} << kLimb;
  return value;
}

Natural Natural::plus(const Natural& other) const {
  Natural sum = *this;
  sum.limbs_.resize(std::max(limbs_.size(), other.limbs_.size()) + 1);
  uint64_t carry = 0;
  for (size_t i = 0; i < sum.limbs_.size(); ++i) {
    carry += uint64_t{sum.limbs_[i]} + (i < other.limbs_.size() ? other.limbs_[i] : 0);
    sum.limbs_[i] = static_cast<uint32_t>(carry);
    carry >>= kLimb;
  }
  sum.trim();
  return sum;
}

Natural Natural::minus(const Natural& other) const {
  Natural difference = *this;
  int64_t borrow = 0;
  for (size_t i = 0; i < difference.limbs_.size(); ++i) {
    int64_t limb = int64_t{limbs_[i]} - (i < other.limbs_.size() ? other.limbs_[i] : 0) - borrow;
    borrow = limb < 0 ? 1 : 0;
    if (limb < 0) limb += int64_t{1} << kLimb;
    difference.limbs_[i] = static_cast<uint32_t>(limb);
  }
  difference.trim();
  return difference;
}

Natural Natural::times(const Natural& other) const {
  Natural product;
  product.limbs_.resize(limbs_.size() + other.limbs_.size());
  for (size_t i = 0; i < limbs_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < other.limbs_.size(); ++j) {
      carry += uint64_t{limbs_[i]} * other.limbs_[j] + product.limbs_[i + j];
      product.limbs_[i + j] = static_cast<uint32_t>(carry);
      carry >>= kLimb;
    }
    product.limbs_[i + other.limbs_.size()] = static_cast<uint32_t>(carry);
  }
  product.trim();
  return product;
}

Natural Natural::shifted_left(uint32_t count) const {
  if (zero()) return {};
  Natural shifted;
  const size_t whole = count / kLimb;
  const uint32_t rest = count % kLimb;
  shifted.limbs_.resize(limbs_.size() + whole + 1);
  for (size_t i = 0; i < limbs_.size(); ++i) {
    const uint64_t moved = uint64_t{limbs_[i]} << rest;
    shifted.limbs_[i + whole] |= static_cast<uint32_t>(moved);
    shifted.limbs_[i + whole + 1] = static_cast<uint32_t>(moved >> kLimb);
  }
  shifted.trim();
  return shifted;
}

Natural Natural::shifted_right(uint32_t count) const {
  const size_t whole = count / kLimb;
  const uint32_t rest = count % kLimb;
  Natural shifted;
  for (size_t i = whole; i < limbs_.size(); ++i) {
    const uint64_t above = i + 1 < limbs_.size() ? limbs_[i + 1] : 0;
    shifted.limbs_.push_back(static_cast<uint32_t>((limbs_[i] | (above << kLimb)) >> rest));
  }
  shifted.trim();
  return shifted;
}

int Natural::compare(const Natural& other) const {
  if (limbs_.size() != other.limbs_.size()) return limbs_.size() < other.limbs_.size() ? -1 : 1;
  for (size_t i = limbs_.size(); i-- > 0;) {
    if (limbs_[i] != other.limbs_[i]) return limbs_[i] < other.limbs_[i] ? -1 : 1;
  }
  return 0;
}

// Bit by bit: divisions are rare and the numbers have some hundred bits.
Natural Natural::divided(const Natural& by, Natural& rest) const {
  Natural quotient;
  quotient.limbs_.resize(limbs_.size());
  rest = Natural();
  for (uint32_t i = bits(); i-- > 0;) {
    rest = rest.shifted_left(1);
    if (bit(i)) rest.multiply_add(1, 1);
    if (rest.compare(by) < 0) continue;
    rest = rest.minus(by);
    quotient.limbs_[i / kLimb] |= uint32_t{1} << (i % kLimb);
  }
  quotient.trim();
  return quotient;
}

void Natural::multiply_add(uint32_t factor, uint32_t summand) {
  uint64_t carry = summand;
  for (uint32_t& limb : limbs_) {
    carry += uint64_t{limb} * factor;
    limb = static_cast<uint32_t>(carry);
    carry >>= kLimb;
  }
  if (carry != 0) limbs_.push_back(static_cast<uint32_t>(carry));
}

uint32_t Natural::divide_small(uint32_t by) {
  uint64_t rest = 0;
  for (size_t i = limbs_.size(); i-- > 0;) {
    rest = (rest << kLimb) | limbs_[i];
    limbs_[i] = static_cast<uint32_t>(rest / by);
    rest %= by;
  }
  trim();
  return static_cast<uint32_t>(rest);
}

std::string Natural::text(uint32_t base) const {
  if (zero()) return "0";
  std::string digits;
  for (Natural left = *this; !left.zero();)
    digits.push_back(kDigits[left.divide_small(base)]);
  std::ranges::reverse(digits);
  return digits;
}

Natural Natural::power(uint32_t base, uint32_t exponent) {
  Natural power(1);
  for (; exponent > 0; --exponent)
    power.multiply_add(base, 0);
  return power;
}

void Decimal::round(int count) {
  if (count < 0 || static_cast<size_t>(count) >= digits.size()) {
    if (count < 0) digits.clear();
    return;
  }
  const auto at = static_cast<size_t>(count);
  const bool half = digits[at] == '5' && at + 1 == digits.size();
  const bool up = half ? at > 0 && (digits[at - 1] - '0') % 2 == 1 : digits[at] >= '5';
  digits.resize(at);
  if (up) {
    while (!digits.empty() && digits.back() == '9')
      digits.pop_back();
    if (digits.empty()) {
      digits = "1";
      ++point;
    } else {
      ++digits.back();
    }
  }
  while (!digits.empty() && digits.back() == '0')
    digits.pop_back();
  if (digits.empty()) point = 0;
}

// Rounds to the precision; `inexact` says that the exact value is a bit larger than the mantissa.
Number::Number(bool negative, Natural mantissa, int exponent, uint32_t precision, bool inexact)
    : mantissa_(std::move(mantissa)), exponent_(exponent), precision_(precision), negative_(negative) {
  if (mantissa_.bits() > precision) {
    const uint32_t cut = mantissa_.bits() - precision;
    const bool half = mantissa_.bit(cut - 1);
    const bool more = inexact || mantissa_.any_below(cut - 1);
    mantissa_ = mantissa_.shifted_right(cut);
    exponent_ += static_cast<int>(cut);
    if (half && (more || mantissa_.bit(0))) mantissa_ = mantissa_.plus(Natural(1));
  }
  uint32_t zeros = 0;
  while (!mantissa_.zero() && !mantissa_.bit(zeros))
    ++zeros;
  mantissa_ = mantissa_.shifted_right(zeros);
  exponent_ = mantissa_.zero() ? 0 : exponent_ + static_cast<int>(zeros);
}

Number Number::of(int64_t value) {
  const bool negative = value < 0;
  const uint64_t magnitude = negative ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  return Number(negative, Natural(magnitude), 0, 64);
}

Number Number::of_double(double value) {
  if (std::isinf(value)) return infinity(value < 0);
  int exponent = 0;
  constexpr int kBits = 53;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  const auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, kBits));
  return Number(std::signbit(value), Natural(mantissa), exponent - kBits, kBits);
}

Number Number::infinity(bool negative) {
  Number number;
  number.infinite_ = true;
  number.negative_ = negative;
  return number;
}

std::optional<Number> Number::parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "Inf" || text == "inf") return infinity(negative);
  Natural mantissa;
  int exponent = 0;
  size_t at = 0;
  size_t digits = 0;
  bool fraction = false;
  for (; at < text.size() && (text::is_ascii_digit(text[at]) || (text[at] == '.' && !fraction)); ++at) {
    if (text[at] == '.') {
      fraction = true;
      continue;
    }
    if (++digits > kLargestExponent) return std::nullopt;
    mantissa.multiply_add(10, static_cast<uint32_t>(text[at] - '0'));
    if (fraction) --exponent;
  }
  if (digits == 0) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const bool down = ++at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    int written = 0;
    const size_t start = at;
    for (; at < text.size() && text::is_ascii_digit(text[at]); ++at)
      written = std::min(written * 10 + (text[at] - '0'), 10 * kLargestExponent);
    if (at == start) return std::nullopt;
    exponent += down ? -written : written;
  }
  if (at != text.size() || std::abs(exponent) > kLargestExponent) return std::nullopt;
  if (exponent >= 0)
    return Number(negative, mantissa.times(Natural::power(10, static_cast<uint32_t>(exponent))), 0,
                  kPrecision);
  const Natural divisor = Natural::power(10, static_cast<uint32_t>(-exponent));
  const uint32_t shift = kPrecision + 8 + divisor.bits();
  Natural rest;
  Natural quotient = mantissa.shifted_left(shift).divided(divisor, rest);
  return Number(negative, std::move(quotient), -static_cast<int>(shift), kPrecision, !rest.zero());
}

std::optional<Number> Number::parse_integer(std::string_view digits, uint32_t base) {
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits.size() > kLargestExponent) return std::nullopt;
  Natural value;
  for (const char c : digits) {
    size_t digit = kDigits.find(c);
    // Up to base 36 the letter case makes no difference.
    if (base <= 36 && digit != std::string_view::npos && digit >= 36) digit -= 26;
    if (digit == std::string_view::npos || digit >= base) return std::nullopt;
    value = value.times(Natural(base)).plus(Natural(digit));
  }
  const uint32_t precision = std::max(value.bits(), 64U);
  return Number(negative, std::move(value), 0, precision);
}

bool Number::whole() const {
  return !infinite_ && exponent_ >= 0;
}

bool Number::out_of_range() const {
  return std::abs(exponent_) > kLargestBinaryExponent;
}

Natural Number::magnitude() const {
  return exponent_ >= 0 ? mantissa_.shifted_left(static_cast<uint32_t>(exponent_))
                        : mantissa_.shifted_right(static_cast<uint32_t>(-exponent_));
}

std::optional<int64_t> Number::integer() const {
  if (!whole() || mantissa_.bits() + static_cast<uint32_t>(exponent_) > 63) return std::nullopt;
  const auto value = static_cast<int64_t>(magnitude().low());
  return negative_ ? -value : value;
}

double Number::approximate() const {
  if (infinite_) return negative_ ? -HUGE_VAL : HUGE_VAL;
  const Number rounded(negative_, mantissa_, exponent_, 53);
  const double value = std::ldexp(static_cast<double>(rounded.mantissa_.low()), rounded.exponent_);
  return negative_ ? -value : value;
}

Decimal Number::exact() const {
  Decimal decimal;
  decimal.negative = negative_;
  if (mantissa_.zero()) return decimal;
  // m * 2^-k is m * 5^k / 10^k.
  const auto power = static_cast<uint32_t>(std::abs(exponent_));
  const Natural scaled =
      exponent_ >= 0 ? mantissa_.shifted_left(power) : mantissa_.times(Natural::power(5, power));
  decimal.digits = scaled.text();
  decimal.point = static_cast<int>(decimal.digits.size()) - (exponent_ < 0 ? static_cast<int>(power) : 0);
  while (decimal.digits.ends_with('0'))
    decimal.digits.pop_back();
  return decimal;
}

// The fewest digits between the middles to both neighbours, as Go finds them.
Decimal Number::shortest() const {
  Decimal decimal = exact();
  if (mantissa_.zero() || (exponent_ >= 0 && magnitude().bits() <= precision_)) return decimal;
  // With one more bit than the precision, the neighbours' middles are one apart.
  const uint32_t more = precision_ + 1 - mantissa_.bits();
  const Natural middle = mantissa_.shifted_left(more);
  const int exponent = exponent_ - static_cast<int>(more);
  const Number below(false, middle.minus(Natural(1)), exponent, precision_ + 2);
  const Number above(false, middle.plus(Natural(1)), exponent, precision_ + 2);
  const Decimal lower = below.exact();
  const Decimal upper = above.exact();
  const bool inclusive = !middle.bit(1);
  const auto digit = [&](const Decimal& of, size_t i) {
    const auto at = static_cast<int>(i) - (decimal.point - of.point);
    return at >= 0 && static_cast<size_t>(at) < of.digits.size() ? of.digits[static_cast<size_t>(at)] : '0';
  };
  for (size_t i = 0; i < decimal.digits.size(); ++i) {
    const char low = digit(lower, i);
    const char mid = decimal.digits[i];
    const char high = digit(upper, i);
    const bool down = low != mid || (inclusive && i + 1 == lower.digits.size());
    const bool up = mid != high && (inclusive || mid + 1 < high || i + 1 < upper.digits.size());
    if (!down && !up) continue;
    const auto kept = static_cast<int>(i + 1);
    if (down && up) {
      decimal.round(kept);
    } else {
      // A digit that rounds the way that is allowed.
      decimal.digits.resize(i + 1);
      decimal.digits += down ? "1" : "9";
      decimal.round(kept);
    }
    break;
  }
  return decimal;
}

std::string Number::text() const {
  if (infinite_) return negative_ ? "-Inf" : "+Inf";
  const Decimal decimal = shortest();
  std::string text = decimal.negative ? "-" : "";
  if (decimal.point <= 0) {
    text += "0";
  } else {
    std::string whole = decimal.digits.substr(0, static_cast<size_t>(decimal.point));
    whole.resize(static_cast<size_t>(decimal.point), '0');
    text += whole;
  }
  if (static_cast<int>(decimal.digits.size()) <= decimal.point) return text;
  text += '.';
  if (decimal.point < 0) text.append(static_cast<size_t>(-decimal.point), '0');
  return text + decimal.digits.substr(static_cast<size_t>(std::max(decimal.point, 0)));
}

Number Number::negated() const {
  Number result = *this;
  result.negative_ = !negative_;
  return result;
}

Number Number::truncated() const {
  if (infinite_ || whole()) return *this;
  Natural kept = magnitude();
  const uint32_t precision = std::max(kept.bits(), 64U);
  return Number(negative_, std::move(kept), 0, precision);
}

Number Number::floor() const {
  if (infinite_ || whole() || !negative_) return truncated();
  return sum(truncated(), of(-1));
}

Number Number::ceiling() const {
  if (infinite_ || whole() || negative_) return truncated();
  return sum(truncated(), of(1));
}

Number Number::sum(const Number& a, const Number& b) {
  if (a.infinite_) return a;
  if (b.infinite_) return b;
  const uint32_t precision = std::max(a.precision_, b.precision_);
  const int exponent = std::min(a.exponent_, b.exponent_);
  const Natural x = a.mantissa_.shifted_left(static_cast<uint32_t>(a.exponent_ - exponent));
  const Natural y = b.mantissa_.shifted_left(static_cast<uint32_t>(b.exponent_ - exponent));
  if (a.negative_ == b.negative_) return Number(a.negative_, x.plus(y), exponent, precision);
  const int order = x.compare(y);
  if (order == 0) return Number(false, Natural(), 0, precision);
  if (order > 0) return Number(a.negative_, x.minus(y), exponent, precision);
  return Number(b.negative_, y.minus(x), exponent, precision);
}

Number Number::product(const Number& a, const Number& b) {
  const bool negative = a.negative_ != b.negative_;
  if (a.infinite_ || b.infinite_) return infinity(negative);
  Natural exact = a.mantissa_.times(b.mantissa_);
  // As many bits as the product needs, up to 512.
  const uint32_t needed = std::min(exact.bits(), kPrecision);
  const uint32_t precision = std::max({a.precision_, b.precision_, needed});
  return Number(negative, std::move(exact), a.exponent_ + b.exponent_, precision);
}

std::optional<Number> Number::quotient(const Number& a, const Number& b) {
  if ((a.zero() && b.zero()) || (a.infinite_ && b.infinite_)) return std::nullopt;
  const bool negative = a.negative_ != b.negative_;
  if (a.infinite_ || b.zero()) return infinity(negative);
  const uint32_t precision = std::max(a.precision_, b.precision_);
  if (b.infinite_ || a.zero()) return Number(negative, Natural(), 0, precision);
  const uint32_t shift = precision + 8 + b.mantissa_.bits();
  Natural rest;
  Natural result = a.mantissa_.shifted_left(shift).divided(b.mantissa_, rest);
  return Number(negative, std::move(result), a.exponent_ - b.exponent_ - static_cast<int>(shift), precision,
                !rest.zero());
}

std::optional<Number> Number::remainder(const Number& a, const Number& b) {
  if (a.infinite_ || b.infinite_) return product(a, b);
  if (b.zero()) return a;
  const std::optional<Number> ratio = quotient(a, b);
  if (!ratio) return std::nullopt;
  Number whole = ratio->truncated();
  whole.precision_ = a.precision_;
  const uint32_t precision = std::max(whole.precision_, b.precision_);
  const Number taken(whole.negative_ != b.negative_, whole.mantissa_.times(b.mantissa_),
                     whole.exponent_ + b.exponent_, precision);
  return sum(a, taken.negated());
}

int Number::compare(const Number& a, const Number& b) {
  const auto sign = [](const Number& n) { return n.zero() ? 0 : n.negative_ ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) < sign(b) ? -1 : 1;
  if (sign(a) == 0) return 0;
  const int up = a.negative_ ? -1 : 1;
  if (a.infinite_ || b.infinite_) return a.infinite_ && b.infinite_ ? 0 : a.infinite_ ? up : -up;
  const int exponent = std::min(a.exponent_, b.exponent_);
  return up * a.mantissa_.shifted_left(static_cast<uint32_t>(a.exponent_ - exponent))
                  .compare(b.mantissa_.shifted_left(static_cast<uint32_t>(b.exponent_ - exponent)));
}

}  // namespace dcache::project::hcl
