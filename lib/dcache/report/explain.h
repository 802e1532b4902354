// What `dcache explain` says, for people and for programs.
//
// JSON:
// {"version":1,"name"?,"dockerfile","context","context_from"?,"ignore_file","target","platform"?,"reason"?,
// "steps":[{"stage","line","instruction","verdict","cause"?,"follows"?}],"paths"?:[…]}
// and for several images {"version":1,"images":[…]} with one such object, but its version, for each. There is
// a step for FROM of an image, RUN, COPY, ADD and WORKDIR. `cause` is there for every verdict but "hit":
// {"kind","line",…} with the members of cache::Cause that have a value. docs/cli.md describes them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/cache/what_if.h"
#include "dcache/project/affected.h"
#include "dcache/report/rebuild_time.h"
#include "dcache/report/style.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {

// The verdicts on one image.
struct Explanation {
  const cache::Build& build;
  const cache::Report& report;
  const std::vector<cache::ChangedPath>& paths;
  const project::Image* image = nullptr;          // null where nothing is known of the project
  std::span<const text::Failure> left_out = {};   // what it was not compared with, and why
  std::span<const std::string> differences = {};  // in what other builds than this one it was compared with
  project::Effect effect = project::Effect::kUnaffected;
  std::string_view reason = {};                  // of an effect that no step shows
  std::string_view platform = {};                // the one that is shown, of several
  std::optional<RebuildTime> rebuild_time = {};  // ends the first line, if it is known
  // Names that are said to change and that no file has or had, so that there is nothing to say about them.
  std::span<const std::string> unknown = {};
};
// That of an image whose steps were kept.
Explanation explanation_of(const project::ImageEffect& effect);

struct ExplainOptions {
  std::string occasion;  // ends the first line: "when main.go changes", "since snapshot.json"
  std::optional<cache::Verdict> only = {};  // leave out steps with another verdict
  // One of several images: its Dockerfile is named, and of one that is reused as a whole no steps are shown.
  bool several = false;
  bool files = false;  // list all files that changed below each step that they rebuild
};

// What a verdict is marked with: "✓", "✗", "~", "?" or "-".
std::string_view sign_of(cache::Verdict verdict);
// Why a step has its verdict, in a few words; empty for one that is reused or not needed.
std::string cause_words(const cache::Build& build, const cache::StepReport& step);
// The same where the line of the step that it follows is known, if it follows one.
std::string cause_words(const cache::StepReport& step, uint32_t follows_line);
// "2 of 6 steps rebuild since HEAD", for one that ends with `occasion`.
std::string headline(const cache::Build& build, const cache::Report& report, const std::string& occasion);

void append_explanation(const Explanation& explanation, const ExplainOptions& options, const Style& style,
                        std::string& out);

// One step and the row of steps that make it rebuild, up to what started it. False if no step starts in
// `line`.
bool append_why(const cache::Build& build, const cache::Report& report, uint32_t line, const Style& style,
                std::string& out);

// A cause as a JSON object.
void write_cause(const cache::Cause& cause, text::JsonWriter& json);

void append_explanation_json(const Explanation& explanation, std::string& out);
// Images whose steps are not known are said to be so: {"name","effect":"unknown","reason","steps":[]}.
void append_explanations_json(const std::vector<Explanation>& explanations,
                              const std::vector<const project::ImageEffect*>& without_steps,
                              std::string& out);

// The lines about an image of several whose steps are not known.
void append_unknown_image(const project::ImageEffect& effect, const std::string& occasion, const Style& style,
                          std::string& out);

}  // namespace dcache::report
