#include "dcache/report/rebuild_time.h"

#include <fmt/format.h>

#include "dcache/text/file_io.h"
#include "dcache/text/words.h"

namespace dcache::report {

std::optional<RebuildTime> rebuild_time(const cache::Build& build, const cache::Report& report,
                                        const observe::Durations& durations) {
  const std::string dockerfile = text::real_path(build.options().dockerfile);
  RebuildTime time;
  for (const cache::StepReport& step : report.steps) {
    const bool is_image = build.graph().steps[step.step].kind == plan::Step::Kind::kImage;
    const bool rebuilds = step.verdict == cache::Verdict::kMiss || step.runs_after_all;
    if (!rebuilds || is_image) continue;
    ++time.steps;
    const auto took = durations.find(observe::Durations::key_of(build.graph(), step.step, dockerfile));
    if (!took) continue;
    ++time.known;
    time.seconds += *took;
  }
  return time.known == 0 ? std::nullopt : std::optional(time);
}

std::string rebuild_words(const RebuildTime& time) {
  return fmt::format("{} {} by the last build", time.known == time.steps ? "about" : "at least",
                     text::duration_words(time.seconds));
}

void write_rebuild_time(const RebuildTime& time, text::JsonWriter& json) {
  json.begin_object()
      .member("seconds", time.seconds)
      .member("known", time.known)
      .member("steps", time.steps)
      .end_object();
}

}  // namespace dcache::report
