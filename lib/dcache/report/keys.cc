#include "dcache/report/keys.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "dcache/report/step_words.h"
#include "dcache/report/weight.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

using context::Record;

constexpr size_t kShownKey = 12;  // digits that tell keys apart for people

// What the step names and the context does not have: the build fails there.
std::vector<std::string> missing_of(const cache::StepKeys& keys) {
  std::vector<std::string> all;
  for (const cache::ReadFiles& read : keys.reads) {
    for (const plan::Selector* selector : read.selection.missing) {
      if (selector != nullptr) all.push_back(selector->written);
    }
  }
  return all;
}

std::string held_words(const cache::StepKeys& keys, const Weight& weight) {
  const std::vector<std::string> missing = missing_of(keys);
  if (!missing.empty()) return printable(fmt::format("{} does not exist", missing.front()));
  return weight.files == 0 ? "" : weight_words(weight);
}

}  // namespace

void append_keys(const cache::Build& build, uint32_t line, const Style& style, std::string& out) {
  for (size_t i = 0; i < build.keys().size(); ++i) {
    const plan::Step& step = build.graph().steps[i];
    const cache::StepKeys& keys = build.keys()[i];
    const std::vector<const Record*> files = files_of(keys);
    out += fmt::format("{:>5}  {}  {:<22}  {}\n", step.instruction->start_line,
                       style.paint(Tone::kInfo, context::to_hex(keys.key.if_changed).substr(0, kShownKey)),
                       held_words(keys, weight_of(files)), step_words(step, 60));
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
        .member("key", context::to_hex(keys.key.if_changed))
        .member("definition", context::to_hex(keys.definition.if_changed))
        .member("content", context::to_hex(keys.files))
        .member("bytes", weight.bytes);
    write_trigger(step.trigger, json);
    json.key("files").begin_array();
    for (const Record* file : files)
      json.value(file->path);
    json.end_array();
    if (const std::vector<std::string> missing = missing_of(keys); !missing.empty()) {
      json.key("missing").begin_array();
      for (const std::string& path : missing)
        json.value(path);
      json.end_array();
    }
    json.end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report
