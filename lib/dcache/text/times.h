// Times as people write them for git.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dcache::text {

// Seconds since 1970 of "2026-05-07", "2026-05-07 13:30", "2026-05-07T13:30:00", in UTC, and of "3 days ago",
// "2 weeks", "1.month.ago", "yesterday", counted back from `now`. Nothing for other texts.
std::optional<int64_t> parse_time(std::string_view text, int64_t now);

// The day, in UTC: "2026-05-07".
std::string day_of(int64_t seconds);

}  // namespace dcache::text
