#include "dcache/report/keys.h"

#include <vector>

#include <fmt/format.h>

#include "dcache/report/step_words.h"
#include "dcache/report/weight.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

using context::Record;

constexpr size_t kShownKey = 12;  // digits that tell keys apart for people

}  // namespace

void append_keys(const cache::Build& build, uint32_t line, const Style& style, std::string& out) {
  for (size_t i = 0; i < build.keys().size(); ++i) {
    const plan::Step& step = build.graph().steps[i];
    const cache::StepKeys& keys = build.keys()[i];
    const std::vector<const Record*> files = files_of(keys);
    const Weight weight = weight_of(files);
    const std::string held = weight.files == 0 ? "" : weight_words(weight);
    out += fmt::format("{:>5}  {}  {:<22}  {}\n", step.instruction->start_line,
                       style.paint(Tone::kInfo, context::to_hex(keys.key.certain).substr(0, kShownKey)), held,
                       step_words(step, 60));
    if (line != step.instruction->start_line) continue;
    for (const Record* file : files)
      out += fmt::format("         {}\n", printable(file->path));
  }
}

void append_keys_json(const cache::Build& build, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).member("dockerfile", build.options().dockerfile);
  json.key("steps").begin_array();
  for (size_t i = 0; i < build.keys().size(); ++i) {
    const plan::Step& step = build.graph().steps[i];
    const cache::StepKeys& keys = build.keys()[i];
    const std::vector<const Record*> files = files_of(keys);
    const Weight weight = weight_of(files);
    json.begin_object()
        .member("stage", build.graph().stages[step.stage].label())
        .member("line", step.instruction->start_line)
        .member("instruction", step.one_line())
        .member("key", context::to_hex(keys.key.certain))
        .member("definition", context::to_hex(keys.definition.certain))
        .member("content", context::to_hex(keys.files))
        .member("bytes", weight.bytes);
    write_trigger(step.trigger, json);
    json.key("files").begin_array();
    for (const Record* file : files)
      json.value(file->path);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report
