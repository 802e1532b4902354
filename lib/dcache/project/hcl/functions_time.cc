// Functions for timestamps as RFC 3339 writes them.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/hcl/functions.h"

namespace dcache::project::hcl {
namespace {

constexpr int64_t kMinute = 60;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kNano = 1'000'000'000;

struct Time {
  int64_t seconds = 0;  // since 1970, UTC
  int64_t nanos = 0;
  int offset = 0;  // of the zone, in seconds
};

struct Date {
  int64_t year = 1970;
  int month = 1;
  int day = 1;
};

// Days since 1970. Source: https://howardhinnant.github.io/date_algorithms.html
int64_t days_of(const Date& date) {
  const int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

Date date_of(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  const auto month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  const auto day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

int days_in(const Date& date) {
  const Date next = date.month == 12 ? Date{date.year + 1, 1, 1} : Date{date.year, date.month + 1, 1};
  return static_cast<int>(days_of(next) - days_of({date.year, date.month, 1}));
}

// What a clock in its zone shows.
struct Clock {
  explicit Clock(const Time& time) {
    const int64_t local = time.seconds + time.offset;
    const int64_t days = floor_divide(local, kDay);
    date = date_of(days);
    const int64_t rest = local - days * kDay;
    hour = static_cast<int>(rest / kHour);
    minute = static_cast<int>(rest % kHour / kMinute);
    second = static_cast<int>(rest % kMinute);
    weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
    year_day = static_cast<int>(days - days_of({date.year, 1, 1}) + 1);
  }
  Date date;
  int hour = 0, minute = 0, second = 0;
  int weekday = 0;  // from 0, Sunday
  int year_day = 1;
};

class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text) {}

  Time read() {
    Date date;
    date.year = number(4, 0, 9999);
    symbol('-');
    date.month = number(2, 1, 12);
    symbol('-');
    date.day = number(2, 1, 31);
    if (date.day > days_in(date)) wrong();
    symbol('T');
    const int hour = number(2, 0, 23);
    symbol(':');
    const int minute = number(2, 0, 59);
    symbol(':');
    const int second = number(2, 0, 59);
    Time time;
    time.nanos = fraction();
    time.offset = zone();
    if (at_ != text_.size()) wrong();
    time.seconds = days_of(date) * kDay + hour * kHour + minute * kMinute + second - time.offset;
    return time;
  }

 private:
  [[noreturn]] void wrong() const {
    fail("\"" + std::string(text_) + "\" is not a timestamp of RFC 3339, such as 2024-12-31T23:59:59Z");
  }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void symbol(char c) {
    if (next() != c) wrong();
    ++at_;
  }
  int number(size_t digits, int least, int most) {
    int value = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      if (next() < '0' || next() > '9') wrong();
      value = value * 10 + (next() - '0');
    }
    if (value < least || value > most) wrong();
    return value;
  }
  int64_t fraction() {
    if (next() != '.') return 0;
    ++at_;
    int64_t unit = kNano;
    int64_t nanos = 0;
    const size_t start = at_;
    for (; next() >= '0' && next() <= '9'; ++at_) {
      unit /= 10;
      nanos += unit * (next() - '0');
    }
    if (at_ == start) wrong();
    return nanos;
  }
  int zone() {
    if (next() == 'Z') {
      ++at_;
      return 0;
    }
    const int sign = next() == '-' ? -1 : 1;
    if (next() != '-' && next() != '+') wrong();
    ++at_;
    const int hours = number(2, 0, 23);
    symbol(':');
    return sign * static_cast<int>(hours * kHour + number(2, 0, 59) * kMinute);
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::string zone_text(int offset, bool colon) {
  const int minutes = std::abs(offset) / static_cast<int>(kMinute);
  return fmt::format("{}{:02}{}{:02}", offset < 0 ? '-' : '+', minutes / 60, colon ? ":" : "", minutes % 60);
}

std::string rfc3339(const Time& time) {
  const Clock clock(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}", clock.date.year, clock.date.month,
                     clock.date.day, clock.hour, clock.minute, clock.second,
                     time.offset == 0 ? "Z" : zone_text(time.offset, true));
}

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

[[noreturn]] void unknown_verb(std::string_view verb) {
  fail("\"" + std::string(verb) + "\" means nothing in the format of a date; literal letters are in '…'");
}

// A number with one or two digits, by the length of the verb.
std::string counted_digits(std::string_view verb, int64_t value) {
  if (verb.size() > 2) unknown_verb(verb);
  return verb.size() == 2 ? fmt::format("{:02}", value) : std::to_string(value);
}

std::string named(std::string_view verb, std::string_view name, std::string_view number) {
  if (verb.size() == 4) return std::string(name);
  if (verb.size() == 3) return std::string(name.substr(0, 3));
  if (number.empty()) unknown_verb(verb);
  return std::string(number);
}

std::string zone_verb(std::string_view verb, int offset) {
  switch (verb.size()) {
    case 1:
      return offset == 0 ? "Z" : zone_text(offset, true);
    case 3:
      return offset == 0 ? "UTC" : zone_text(offset, false);
    case 4:
      return zone_text(offset, false);
    case 5:
      return zone_text(offset, true);
    default:
      unknown_verb(verb);
  }
}

std::string format_verb(std::string_view verb, const Time& time, const Clock& clock) {
  switch (verb[0]) {
    case 'Y':
      if (verb.size() == 2) return fmt::format("{:02}", clock.date.year % 100);
      if (verb.size() != 4) unknown_verb(verb);
      return fmt::format("{:04}", clock.date.year);
    case 'M':
      return named(verb, kMonths.at(static_cast<size_t>(clock.date.month - 1)),
                   verb.size() > 2 ? "" : counted_digits(verb, clock.date.month));
    case 'D':
      return counted_digits(verb, clock.date.day);
    case 'E':
      return named(verb, kWeekdays.at(static_cast<size_t>(clock.weekday)), "");
    case 'h':
      return counted_digits(verb, clock.hour);
    case 'H':
      return counted_digits(verb, clock.hour % 12 == 0 ? 12 : clock.hour % 12);
    case 'A':
    case 'a':
      if (verb.size() != 2) unknown_verb(verb);
      if (verb[0] == 'A') return clock.hour < 12 ? "AM" : "PM";
      return clock.hour < 12 ? "am" : "pm";
    case 'm':
      return counted_digits(verb, clock.minute);
    case 's':
      return counted_digits(verb, clock.second);
    case 'Z':
      return zone_verb(verb, time.offset);
    default:
      unknown_verb(verb);
  }
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The text after a quote up to the closing one; '' is a quote.
std::string literal(std::string_view format, size_t& at) {
  if (format.substr(at).starts_with("''")) {
    at += 2;
    return "'";
  }
  std::string text;
  for (++at; at < format.size(); ++at) {
    if (format[at] != '\'') {
      text += format[at];
    } else if (format.substr(at).starts_with("''")) {
      text += '\'';
      ++at;
    } else {
      ++at;
      return text;
    }
  }
  fail("the format of the date has no closing quote");
}

std::string format_time(std::string_view format, const Time& time) {
  const Clock clock(time);
  std::string result;
  for (size_t at = 0; at < format.size();) {
    if (format[at] == '\'') {
      result += literal(format, at);
    } else if (is_letter(format[at])) {
      const size_t end = std::min(format.find_first_not_of(format[at], at), format.size());
      result += format_verb(format.substr(at, end - at), time, clock);
      at = end;
    } else {
      result += format[at++];
    }
  }
  return result;
}

Value formatdate(const Call& call) {
  return call.result(format_time(call.text(0), TimeReader(call.text(1)).read()));
}

Time unix_time(const Value& value) {
  // The years 0 to 9999.
  constexpr int64_t kMost = 253'402'300'799;
  const auto seconds = value.as_number().integer();
  if (!seconds) fail("the time of Unix has to be a whole number of seconds");
  if (*seconds < -62'167'219'200 || *seconds > kMost) fail("the time is not in the years 0 to 9999");
  return {*seconds, 0, 0};
}

Value formattimestamp(const Call& call) {
  Time time;
  if (call[1].type().is(Kind::kString)) {
    time = TimeReader(call.text(1)).read();
  } else if (call[1].type().is(Kind::kNumber)) {
    time = unix_time(call[1]);
  } else {
    fail("formattimestamp() takes a timestamp, or a number of seconds");
  }
  if (call.text(0) == "X") return Value::string(std::to_string(time.seconds));
  return call.result(format_time(call.text(0), time));
}

// A week belongs to the year of its Thursday.
std::pair<int64_t, int64_t> iso_week(const Clock& clock) {
  const int64_t days = days_of(clock.date);
  const int64_t thursday = days + 3 - (clock.weekday + 6) % 7;
  const int64_t year = date_of(thursday).year;
  return {year, (thursday - days_of({year, 1, 1})) / 7 + 1};
}

Value unixtimestampparse(const Call& call) {
  const Time time = unix_time(call[0]);
  const Clock clock(time);
  const auto [year, week] = iso_week(clock);
  return Value::object({
      {"day", Value::integer(clock.date.day)},
      {"hour", Value::integer(clock.hour)},
      {"iso_week", Value::integer(week)},
      {"iso_year", Value::integer(year)},
      {"minute", Value::integer(clock.minute)},
      {"month", Value::integer(clock.date.month)},
      {"month_name", Value::string(std::string(kMonths.at(static_cast<size_t>(clock.date.month - 1))))},
      {"rfc3339", Value::string(rfc3339(time))},
      {"second", Value::integer(clock.second)},
      {"weekday", Value::integer(clock.weekday)},
      {"weekday_name", Value::string(std::string(kWeekdays.at(static_cast<size_t>(clock.weekday))))},
      {"year", Value::integer(clock.date.year)},
      {"year_day", Value::integer(clock.year_day)},
  });
}

struct Unit {
  std::string_view name;
  double nanos;
};

// "1h30m", "-1.5h", in nanoseconds. Source: https://pkg.go.dev/time#ParseDuration
double parse_duration(std::string_view text) {
  static constexpr std::array kUnits = {Unit{"ns", 1},   Unit{"us", 1e3}, Unit{"µs", 1e3}, Unit{"μs", 1e3},
                                        Unit{"ms", 1e6}, Unit{"s", 1e9},  Unit{"m", 6e10}, Unit{"h", 3.6e12}};
  const std::string whole(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  double nanos = 0;
  if (text.empty()) fail("\"" + whole + "\" is not a duration, such as 1h30m");
  while (!text.empty()) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc()) fail("\"" + whole + "\" is not a duration, such as 1h30m");
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
    const auto unit = std::ranges::find(kUnits, name, &Unit::name);
    if (unit == kUnits.end())
      fail("\"" + whole + "\" has no unit, or one that is not known: ns, us, ms, s, m or h");
    nanos += value * unit->nanos;
    text.remove_prefix(name.size());
  }
  constexpr double kLongest = 9.2e18;
  if (nanos > kLongest) fail("the duration \"" + whole + "\" is too long");
  return negative ? -nanos : nanos;
}

Value timeadd(const Call& call) {
  Time time = TimeReader(call.text(0)).read();
  const auto added = static_cast<int64_t>(parse_duration(call.text(1)));
  const int64_t nanos = time.nanos + added % kNano;
  time.seconds += added / kNano + floor_divide(nanos, kNano);
  return call.result(rfc3339(time));
}

Value timestamp(const Call&) {
  return Value::unknown(Type::string(), "timestamp()");
}

}  // namespace

std::span<const Function> time_functions() {
  constexpr uint32_t kNewer = 33;
  const Type text = Type::string();
  static const std::array kFunctions = {
      Function{"formatdate", {{text}, {text}}, false, text, formatdate},
      Function{"formattimestamp", {{text}, {Type::any()}}, false, text, formattimestamp, kNewer},
      Function{"timeadd", {{text}, {text}}, false, text, timeadd},
      Function{"timestamp", {}, false, text, timestamp},
      Function{"unixtimestampparse", {{Type::number()}}, false, Type::any(), unixtimestampparse, kNewer},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl
