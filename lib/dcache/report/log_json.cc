// The builds of a log for programs.
#include <algorithm>
#include <map>

#include "dcache/observe/name.h"
#include "dcache/report/explain.h"
#include "dcache/report/log.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

using observe::Notice;
using observe::Vertex;

std::string_view name_of_notice(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::kCacheImport:
      return "cache-import";
    case Notice::Kind::kCacheImported:
      return "cache-imported";
    case Notice::Kind::kCacheExport:
      return "cache-export";
    case Notice::Kind::kNewBuilder:
      return "new-builder";
    case Notice::Kind::kNoCache:
      return "no-cache";
    case Notice::Kind::kPull:
      return "pull";
    case Notice::Kind::kFailed:
      return "failed";
    case Notice::Kind::kChecked:
      return "checked";
  }
  return "";
}

// What a step and other work have in common.
void write_vertex(const Vertex& vertex, text::JsonWriter& json) {
  json.member("cached", vertex.cached).member("seconds", vertex.seconds);
  if (!vertex.error.empty()) json.member("error", vertex.error);
  if (vertex.canceled) json.member("canceled", true);
  if (!vertex.ended) json.member("ended", false);
  if (vertex.bytes > 0) json.member("bytes", vertex.bytes);
  if (vertex.started) json.member("started", *vertex.started);
  if (!vertex.warnings.empty()) {
    json.key("warnings").begin_array();
    for (const std::string& warning : vertex.warnings)
      json.value(warning);
    json.end_array();
  }
}

void write_log_step(const LogBuild& build, const LogStep& step, text::JsonWriter& json) {
  json.begin_object().member("stage", step.stage);
  if (step.line != 0) json.member("line", step.line);
  json.member("instruction", step.instruction);
  if (!step.platform.empty()) json.member("platform", step.platform);
  if (!step.shared_with.empty()) json.member("shared_with", step.shared_with);
  write_vertex(*step.vertex, json);
  if (step.is_merge) json.member("merged", true);
  if (step.follows && build.steps[*step.follows].line != 0)
    json.member("follows", build.steps[*step.follows].line);
  if (step.predicted != nullptr) {
    json.member("predicted", cache::name_of(step.predicted->verdict));
    if (step.predicted->cause.kind != cache::Cause::Kind::kNone) {
      json.key("cause");
      write_cause(step.predicted->cause, json);
    }
    if (step.disagrees) json.member("disagrees", true);
  }
  if (!step.fixed_by.empty()) json.member("fixed_by", step.fixed_by);
  if (step.before != nullptr) {
    json.key("before").begin_object();
    write_vertex(*step.before, json);
    json.end_object();
  }
  json.end_object();
}

void write_critical(const LogView& view, const LogBuild& build, text::JsonWriter& json) {
  std::map<const Vertex*, const LogStep*> steps;
  for (const LogStep& step : build.steps)
    steps.emplace(step.vertex, &step);
  json.key("critical_path").begin_array();
  for (const observe::Wait& wait : view.line_of(build).critical) {
    const Vertex* vertex = view.timelines[build.run].bars[wait.bar].vertex;
    const auto step = steps.find(vertex);
    json.begin_object().member("name", vertex->name);
    if (step != steps.end() && step->second->line != 0) json.member("line", step->second->line);
    json.member("seconds", wait.seconds).end_object();
  }
  json.end_array();
}

void write_build(const LogView& view, const LogBuild& build, text::JsonWriter& json) {
  const observe::Run& run = view.log->runs[build.run];
  json.begin_object();
  if (!build.name.empty()) json.member("name", build.name);
  if (build.has_dockerfile()) json.member("dockerfile", build.model.dockerfile);
  json.member("run", build.run);
  if (!run.builder.empty()) json.member("builder", run.builder);
  json.key("steps").begin_array();
  for (const LogStep& step : build.steps)
    write_log_step(build, step, json);
  json.end_array().key("other").begin_array();
  for (const Vertex* vertex : build.others) {
    json.begin_object().member("name", vertex->name);
    write_vertex(*vertex, json);
    json.end_object();
  }
  json.end_array().member("seconds", build.seconds).member("work", build.work);
  if (view.timelines[build.run].is_estimated) json.member("estimated", true);
  write_critical(view, build, json);
  json.key("unmatched").begin_array();
  for (const Vertex* vertex : build.unmatched)
    json.value(vertex->name);
  json.end_array();
  if (!build.missing.empty()) {
    json.key("missing").begin_array();
    for (const uint32_t line : build.missing)
      json.value(line);
    json.end_array();
  }
  if (build.is_cut) json.member("cut", true);
  if (!build.assumed_import.empty()) json.member("assumed_import", build.assumed_import);
  if (!build.notices.empty()) {
    json.key("notices").begin_array();
    for (const Notice* notice : build.notices)
      json.begin_object()
          .member("kind", name_of_notice(notice->kind))
          .member("words", notice->words)
          .end_object();
    json.end_array();
  }
  json.end_object();
}

void write_excerpt(const observe::Excerpt& excerpt, text::JsonWriter& json) {
  json.key("excerpt").begin_object();
  if (!excerpt.step.empty()) json.member("step", excerpt.step);
  if (excerpt.line != 0) json.member("dockerfile", excerpt.dockerfile).member("line", excerpt.line);
  if (!excerpt.instruction.empty()) json.member("instruction", excerpt.instruction);
  if (!excerpt.error.empty()) json.member("error", excerpt.error);
  json.key("output").begin_array();
  for (const std::string& line : excerpt.output)
    json.value(line);
  json.end_array().end_object();
}

}  // namespace

void append_log_json(const LogView& view, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).key("builds").begin_array();
  for (const LogBuild& build : view.builds)
    write_build(view, build, json);
  json.end_array();
  if (view.is_cut) json.member("cut", true);
  if (view.log->excerpt) write_excerpt(*view.log->excerpt, json);
  if (const auto import = view.assumed_import(); !import.empty()) json.member("assumed_import", import);
  json.end_object();
  out += '\n';
}

}  // namespace dcache::report
