#include "dcache/observe/line.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

#include "dcache/text/unicode.h"

namespace dcache::observe {
namespace {

constexpr char kEscape = '\x1b';

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes a number of exactly `digits` digits, and `behind` after it if that is not 0.
bool take(std::string_view& text, size_t digits, char behind, int& value) {
  if (text.size() < digits + (behind == 0 ? 0 : 1)) return false;
  value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return false;
    value = value * 10 + (text[i] - '0');
  }
  if (behind != 0 && text[digits] != behind) return false;
  text.remove_prefix(digits + (behind == 0 ? 0 : 1));
  return true;
}

int64_t take_fraction(std::string_view& text) {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  int64_t nanoseconds = 0;
  int64_t unit = 100'000'000;
  while (!text.empty() && is_digit(text.front())) {
    nanoseconds += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return nanoseconds;
}

// "Z" or "+02:00", in seconds.
std::optional<int64_t> take_zone(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const char sign = text.front();
  if (sign == 'Z') {
    text.remove_prefix(1);
    return 0;
  }
  if (sign != '+' && sign != '-') return std::nullopt;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!take(text, 2, ':', hours) || !take(text, 2, 0, minutes)) return std::nullopt;
  const int64_t seconds = (int64_t{hours} * 60 + minutes) * 60;
  return sign == '+' ? seconds : -seconds;
}

// Where a text that a terminal does not print ends: it is ended by BEL, or by `ESC \`.
size_t end_of_string(std::string_view text) {
  const size_t end = text.find_first_of("\a\x1b");
  if (end == std::string_view::npos) return text.size();
  const bool is_escape = text[end] == kEscape && text.substr(end + 1).starts_with('\\');
  return end + (is_escape ? 2 : text[end] == kEscape ? 0 : 1);
}

// The time that Buildkite writes before each line, as `ESC _bk;t=1714557600000 BEL`: milliseconds since 1970.
std::optional<int64_t> read_buildkite_time(std::string_view text) {
  constexpr std::string_view kStart = "bk;t=";
  if (!text.starts_with(kStart)) return std::nullopt;
  int64_t milliseconds = 0;
  const char* const begin = text.data() + kStart.size();
  const auto failure = std::from_chars(begin, text.data() + text.size(), milliseconds).ec;
  constexpr int64_t kMost = 7'000'000'000'000;  // in the year 2191
  if (failure != std::errc() || milliseconds < 0 || milliseconds > kMost) return std::nullopt;
  return milliseconds * 1'000'000;
}

// Without escape sequences: those that begin with `ESC [` and end with a letter, and those that contain a
// text, such as the title of a window.
std::string_view without_escapes(std::string_view text, std::string& scratch, std::optional<int64_t>& time) {
  if (text.find(kEscape) == std::string_view::npos) return text;
  scratch.clear();
  while (!text.empty()) {
    const size_t escape = std::min(text.find(kEscape), text.size());
    scratch += text.substr(0, escape);
    text.remove_prefix(escape);
    if (text.size() < 2) break;
    const char kind = text[1];
    text.remove_prefix(2);
    if (kind == '[') {
      const auto end = std::ranges::find_if(text, [](char c) { return c >= '@' && c <= '~'; });
      text.remove_prefix(std::min(static_cast<size_t>(end - text.begin()) + 1, text.size()));
    } else if (kind == ']' || kind == '_' || kind == 'P' || kind == '^') {
      if (!time && kind == '_') time = read_buildkite_time(text);
      text.remove_prefix(end_of_string(text));
    }
  }
  return scratch;
}

// `gh run view --log` writes the names of the job and the step, each with a tab, before the time.
std::string_view without_job(std::string_view text) {
  const size_t job = text.find('\t');
  if (job == std::string_view::npos) return text;
  const size_t step = text.find('\t', job + 1);
  if (step == std::string_view::npos) return text;
  std::string_view rest = text.substr(step + 1);
  if (rest.starts_with(text::kByteOrderMark)) rest.remove_prefix(text::kByteOrderMark.size());
  return read_moment(rest) ? rest : text;
}

// GitLab Runner writes the number of the stream after the time, in hexadecimal digits: "00O ", "01E+".
bool starts_with_stream(std::string_view text) {
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  return text.size() >= 4 && is_hex(text[0]) && is_hex(text[1]) && (text[2] == 'O' || text[2] == 'E') &&
         (text[3] == ' ' || text[3] == '+');
}

std::string_view without_marker(std::string_view text) {
  if (!text.starts_with("##[")) return text;
  const size_t end = text.find(']');
  return end == std::string_view::npos ? text : text.substr(end + 1);
}

}  // namespace

std::optional<Moment> read_moment(std::string_view text) {
  std::string_view rest = text;
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take(rest, 4, '-', year) || !take(rest, 2, '-', month) || !take(rest, 2, 'T', day) ||
      !take(rest, 2, ':', hour) || !take(rest, 2, ':', minute) || !take(rest, 2, 0, second)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  // What nanoseconds since 1970 can count.
  if (!date.ok() || year < 1700 || year > 2200 || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  const int64_t fraction = take_fraction(rest);
  const auto zone = take_zone(rest);
  if (!zone) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - *zone;
  return Moment{seconds * 1'000'000'000 + fraction, text.size() - rest.size()};
}

Line clean_line(std::string_view raw, std::string& scratch) {
  Line line;
  std::string_view text = without_escapes(raw, scratch, line.time);
  if (text.starts_with(text::kByteOrderMark)) text.remove_prefix(text::kByteOrderMark.size());
  text = without_job(text);
  // A service may add its time to a line that has one of a runner.
  for (int i = 0; i < 2; ++i) {
    while (!text.empty() && text::is_ascii_space(text.front()))
      text.remove_prefix(1);
    const bool bracket = text.starts_with('[');
    const auto moment = read_moment(text.substr(bracket ? 1 : 0));
    if (!moment) break;
    const std::string_view rest = text.substr(moment->length + (bracket ? 1 : 0));
    if (bracket && !rest.starts_with(']')) break;
    line.time = moment->nanoseconds;
    text = rest.substr(bracket ? 1 : 0);
    if (text.starts_with(' ')) text.remove_prefix(1);
    if (!starts_with_stream(text)) continue;
    line.stream = text.substr(0, 3);
    line.continues = text[3] == '+';
    text.remove_prefix(4);
    line.part = text;
    break;
  }
  line.text = clean_text(text);
  return line;
}

std::string_view clean_text(std::string_view text) {
  return text::trim(without_marker(text));
}

}  // namespace dcache::observe
