#include "dcache/report/rebuild_time.h"

#include <cmath>

#include <fmt/format.h>

#include "dcache/text/file_io.h"

namespace dcache::report {

std::string duration_words(double seconds) {
  if (!(seconds >= 0) || seconds > 1e12) return "a long time";
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string rebuild_time(const cache::Build& build, const cache::Report& report,
                         const observe::Durations& durations) {
  const std::string dockerfile = text::real_path(build.options().dockerfile);
  double seconds = 0;
  size_t known = 0;
  size_t all = 0;
  for (const cache::StepReport& step : report.steps) {
    const bool is_image = build.graph().steps[step.step].kind == plan::Step::Kind::kImage;
    if (step.verdict != cache::Verdict::kMiss || is_image) continue;
    ++all;
    const auto took = durations.find(observe::Durations::key_of(build.graph(), step.step, dockerfile));
    if (!took) continue;
    ++known;
    seconds += *took;
  }
  if (known == 0) return "";
  return fmt::format("{} {} by the last build", known == all ? "about" : "at least", duration_words(seconds));
}

}  // namespace dcache::report
