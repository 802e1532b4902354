#include <algorithm>

#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/hadolint.h"
#include "rules/package_lists.h"
#include "rules/stages.h"

namespace dcache::rules::DL3009 {
namespace {

constexpr std::string_view kPrograms[] = {"apt-get", "apt", "aptitude"};
constexpr std::string_view kFolders[] = {"/var/lib/apt/lists"};

// `/var/lib/apt`, what is in it, or one of several in braces.
bool names_lists(std::string_view path) {
  constexpr std::string_view kApt = "/var/lib/apt";
  if (path.starts_with("/var/lib/{") && path.find("apt") != std::string_view::npos) return true;
  if (!path.starts_with(kApt)) return false;
  const std::string_view rest = path.substr(kApt.size());
  return rest.empty() || rest == "/" || rest.starts_with("/*") || rest.starts_with("/lists");
}

bool removes_lists(const lint::Run& run) {
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    return command.program() == "rm" &&
           std::ranges::any_of(command.words, [](const shell::Word& word) { return names_lists(word.text); });
  });
}

// Whether later RUNs install by the lists that a RUN leaves: to remove them would break the installs. DC1012
// reports it.
bool leaves_lists_for_later(lint::Dockerfile& dockerfile, const lint::Run& run) {
  const std::vector<LeftLists> left = lists_left_for_later(dockerfile, run);
  return std::ranges::find(left, "apt", &LeftLists::manager) != left.end();
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3009");
  const std::vector<Call> calls = calls_of(dockerfile, kPrograms);
  if (calls.empty()) return;
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const std::vector<bool> ships = stages_that_ship(stages);
  PerRunCache<bool> removing;
  report_first(calls, reporter, [&](const Call& call) -> std::optional<Complaint> {
    if (!call.has("update") || removing.get(*call.run, removes_lists) ||
        keeps_out_of_layer(*call.run, kFolders))
      return std::nullopt;
    if (!call.run->onbuild && !ships[stage_of(stages, *call.run)]) return std::nullopt;
    if (!as_hadolint && leaves_lists_for_later(dockerfile, *call.run)) return std::nullopt;
    return Complaint{
        "the package lists stay in the layer",
        "end the RUN with '&& rm -rf /var/lib/apt/lists/*', or mount caches at /var/cache/apt and "
        "/var/lib/apt/lists (DC1003)"};
  });
}

}  // namespace

lint::Rule rule() {
  return {
      .code = "DL3009",
      .name = "apt-lists-left",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kHadolint,
      .summary = "The package lists of apt stay in the layer",
      .rationale =
          "`apt-get update` stores the lists of all packages in the archive. They take tens of megabytes "
          "and are soon out of date. If the same RUN deletes them, they are not in a layer; with a cache "
          "mount on `/var/lib/apt/lists` they are kept for the next build instead. Stages from which other "
          "stages only copy are not reported.\n\nDC1012 reports an update in a RUN of its own: the "
          "install below it needs the lists. The profile `hadolint` reports it here too.",
      .bad = {"FROM debian:12\n"
              "RUN apt-get update && apt-get install -y curl\n"},
      .good = {"FROM debian:12\n"
               "RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n"},
      .check = check};
}

}  // namespace dcache::rules::DL3009
