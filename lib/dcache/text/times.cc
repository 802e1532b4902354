#include "dcache/text/times.h"

#include <array>
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/text/piece.h"

namespace dcache::text {
namespace {

constexpr int64_t kHour = 3600, kDay = 24 * kHour, kWeek = 7 * kDay, kMonth = 30 * kDay, kYear = 365 * kDay;

struct Unit {
  std::string_view name;
  int64_t seconds;
};
constexpr std::array<Unit, 6> kUnits = {
    {{"minute", 60}, {"hour", kHour}, {"day", kDay}, {"week", kWeek}, {"month", kMonth}, {"year", kYear}}};

}  // namespace

std::optional<int64_t> parse_time(std::string_view text, int64_t now) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::string rest;
  static const re2::RE2 kDate(R"((\d{4})-(\d{1,2})-(\d{1,2})(.*))");
  static const re2::RE2 kTime(R"([T ](\d{1,2}):(\d{2})(?::(\d{2}))?Z?)");
  static const re2::RE2 kBack(R"((\d{1,6})[. ]([a-z]+?)s?(?:[. ]ago)?)");
  if (re2::RE2::FullMatch(piece(text), kDate, &year, &month, &day, &rest)) {
    std::string seconds;
    if (!rest.empty() && !re2::RE2::FullMatch(rest, kTime, &hour, &minute, &seconds)) return std::nullopt;
    if (!seconds.empty()) second = std::stoi(seconds);
    using namespace std::chrono;
    const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                              std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    return sys_days(date).time_since_epoch().count() * kDay + hour * kHour + minute * 60 + second;
  }
  if (text == "yesterday") return now - kDay;
  int64_t count = 0;
  std::string name;
  if (!re2::RE2::FullMatch(piece(text), kBack, &count, &name)) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return now - count * unit.seconds;
  }
  return std::nullopt;
}

std::string day_of(int64_t seconds) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(sys_seconds(std::chrono::seconds(seconds)))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace dcache::text
