#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "dcache/cache/selection.h"
#include "dcache/lint/rule.h"
#include "dcache/report/style.h"
#include "dcache/report/weight.h"
#include "dcache/text/path.h"
#include "rules/broad_copy.h"
#include "rules/likely_context.h"

namespace dcache::rules::DC2005 {
namespace {

using context::Record;
using plan::Read;
using plan::Step;
using report::Weight;

constexpr uint64_t kHeavy = 100'000'000;  // bytes
constexpr size_t kMostFiles = 100'000;    // that are looked at in passing
constexpr double kMost = 0.5;             // of the weight, for one folder or file to be named

Weight weigh(std::span<const Record> records) {
  Weight weight;
  for (const Record& record : records)
    weight.add(record);
  return weight;
}

// The deepest folder or file that contains most of what was taken.
std::string heaviest(const std::set<const Record*>& taken, uint64_t all) {
  std::map<std::string_view, uint64_t> shares;  // by path, folders and files
  for (const Record* record : taken) {
    if (record->type == context::Type::kFolder) continue;
    for (std::string_view path = record->path; !path.empty(); path = text::parent_path(path)) {
      if (path == ".") break;
      shares[path] += record->size;
    }
  }
  std::string_view found;
  uint64_t bytes = 0;
  for (const auto& [path, share] : shares) {
    const bool most = static_cast<double>(share) > kMost * static_cast<double>(all);
    if (!most || path.size() < found.size()) continue;
    found = path;
    bytes = share;
  }
  return found.empty() ? "" : fmt::format(", of which {} is {}", found, report::bytes_words(bytes));
}

// The classic builder is sent all of the context, whatever is read of it.
void look_at_all(const Step& reader, const lint::BuildContext& context, const Weight& weight,
                 lint::Reporter& reporter) {
  std::set<const Record*> all;
  for (const Record& record : context.files.records())
    all.insert(&record);
  reporter.report(reader.instruction->span,
                  fmt::format("each build sends {} to the builder{}", report::weight_words(weight),
                              heaviest(all, weight.bytes)),
                  "name in .dockerignore what no step needs");
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const plan::Graph& graph = dockerfile.graph();
  const Step* reader = find_context_reader(graph);
  const lint::BuildContext* context = reader == nullptr ? nullptr : likely_context(dockerfile);
  if (context == nullptr || context->files.records().size() > kMostFiles) return;
  const Weight& all = context->shared<Weight>([&] { return weigh(context->files.records()); });
  if (all.bytes < kHeavy) return;
  if (dockerfile.builder() == plan::Builder::kClassic) {
    look_at_all(*reader, *context, all, reporter);
    return;
  }
  std::set<std::set<const Record*>> reported;  // several steps often take the same files
  for (const Step& step : graph.steps) {
    std::set<const Record*> taken;
    for (const Read& read : step.reads) {
      if (read.origin != Read::Origin::kContext) continue;
      for (const cache::SelectedFile& file : cache::select(context->files, read.selectors).files) {
        // DC2001 and DC2002 report the history of the repository, if the build does not read it.
        if (!text::is_within(file.record->path, ".git")) taken.insert(file.record);
      }
    }
    const Weight weight = report::weight_of({taken.begin(), taken.end()});
    if (weight.bytes < kHeavy || !reported.insert(taken).second) continue;
    reporter.report(step.instruction->span,
                    fmt::format("this takes {} from the context{}", report::weight_words(weight),
                                heaviest(taken, weight.bytes)),
                    "name in .dockerignore what the image does not need, or copy less");
  }
}

constexpr lint::ExampleFile kSmall[] = {{"main.py", "print(1)\n"}, {".dockerignore", ".git\n"}};
constexpr lint::ExampleFile kLarge[] = {
    {"main.py", "print(1)\n"}, {"data/video.mp4", "", 250'000'000}, {".dockerignore", ".git\n"}};
constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/concepts/context/#dockerignore-files",
    "https://docs.docker.com/build/building/best-practices/#exclude-with-dockerignore"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC2005",
          .name = "context-weight",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .summary = "A step takes more than 100 MB from the context",
          .rationale =
              "The files that a COPY takes are hashed, sent to the builder when they changed, and stored "
              "in its cache and in the image. If most of it is in one folder, that folder often does not "
              "belong there: data, videos, dumps, packages from earlier builds. `.git` does not count: "
              "DC2001 and DC2002 report it.\n\nBuildKit asks only "
              "for the files that steps name, so other files in the context cost nothing. The classic "
              "builder gets all of them: with `builder = \"classic\"` the whole context counts.",
          .bad = {"FROM python:3.12\nCOPY . /srv\n", kLarge},
          .good = {"FROM python:3.12\nCOPY . /srv\n", kSmall},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC2005
