#include "dcache/report/impact_json.h"

namespace dcache::report {

void write_impact(const lint::Impact& impact, text::JsonWriter& json) {
  json.begin_object()
      .member("cause", impact.cause)
      .member("rebuilds", impact.rebuilds)
      .member("steps", impact.steps)
      .member("rebuilds_after", impact.rebuilds_after)
      .member("steps_after", impact.steps_after);
  if (impact.seconds) json.member("seconds", *impact.seconds);
  if (impact.seconds_after) json.member("seconds_after", *impact.seconds_after);
  if (impact.frequency) {
    json.key("frequency")
        .begin_object()
        .member("rebuilt", impact.frequency->rebuilt)
        .member("commits", impact.frequency->commits)
        .end_object();
  }
  json.end_object();
}

}  // namespace dcache::report
