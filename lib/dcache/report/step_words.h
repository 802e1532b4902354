// How a step is named in texts and in JSON. Safe to use from many threads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "dcache/plan/graph.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {

// The instruction in at most `width` columns, printable; of what ONBUILD of another Dockerfile puts off with
// the place: "ONBUILD COPY . /app (base/Dockerfile:3)".
std::string step_words(const plan::Step& step, size_t width);

// The same of the text of a step, and of the place.
std::string step_words(std::string_view instruction, const std::optional<plan::TriggerPlace>& trigger,
                       size_t width);

// The member "trigger" with that place, and nothing for other steps.
void write_trigger(const std::optional<plan::TriggerPlace>& trigger, text::JsonWriter& json);

}  // namespace dcache::report
