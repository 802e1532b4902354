#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/writes.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/base_system.h"
#include "rules/edits.h"
#include "rules/old_builders.h"
#include "rules/package_managers.h"
#include "rules/syntax_version.h"

namespace dcache::rules::DC1017 {
namespace {

constexpr int kSyntaxOfLink = 4;

// Whether a step that can change comes before it: a RUN, or a COPY of the context that edits reach.
bool stands_on_something(const plan::Graph& graph, const plan::Step& copy) {
  for (std::optional<size_t> at = copy.below; at; at = graph.steps[*at].below) {
    const plan::Step& below = graph.steps[*at];
    if (below.stage != copy.stage) return true;
    const bool copies_context =
        below.kind == plan::Step::Kind::kCopy && !below.independent && below.reads_context();
    if (below.kind == plan::Step::Kind::kRun || copies_context) return true;
  }
  return false;
}

// Owners by name are looked up in the layers below, and a number would be that of the folders on the way too.
bool is_self_contained(const dockerfile::Instruction& copy) {
  return std::ranges::all_of(copy.flags, [](const dockerfile::Flag& flag) { return flag.name == "from"; });
}

// In a layer of its own no folder is there yet: a file that is copied to the name of a folder takes its
// place. What ends with a slash is a folder; what has the name of the source, or an ending, is a file.
bool names_its_place(const dockerfile::Instruction& copy) {
  const std::string_view destination = copy.arguments.back().text;
  if (destination.ends_with('/') || destination.ends_with("/.")) return true;
  if (copy.arguments.size() != 2 || destination == "." || destination == "..") return false;
  const std::string_view name = text::base_name(destination);
  return name == text::base_name(copy.arguments.front().text) || name.find('.') != std::string_view::npos;
}

// Names of folders that nearly all images have.
bool is_usual_folder(std::string_view destination) {
  constexpr std::string_view kFolders[] = {"bin", "sbin",  "lib", "lib64", "etc",  "include", "libexec",
                                           "src", "share", "opt", "local", "conf", "conf.d",  "usr"};
  return std::ranges::find(kFolders, text::base_name(destination)) != std::end(kFolders);
}

// Where base images have links to folders, a linked layer would put a folder in their place. What is copied
// to the root may contain such a folder. On Fedora, RHEL and their kin /etc/ssl/certs and /usr/sbin are
// links.
bool goes_through_link(std::string_view destination) {
  if (destination == "/") return true;
  constexpr std::string_view kLinks[] = {"/bin",     "/sbin",     "/lib",           "/lib64",
                                         "/var/run", "/var/lock", "/etc/ssl/certs", "/usr/sbin"};
  return std::ranges::any_of(kLinks,
                             [&](std::string_view link) { return text::is_within(destination, link); });
}

// Folders that are not root's with mode 0755 in most images.
bool is_special(std::string_view destination) {
  constexpr std::string_view kSpecial[] = {"/tmp", "/var/tmp", "/root", "/home"};
  return std::ranges::any_of(kSpecial,
                             [&](std::string_view folder) { return text::is_within(destination, folder); });
}

// Whether all folders on the way are root's with mode 0755 in nearly all images. What programs of an image
// have below them may be theirs.
bool is_plain(const dockerfile::Instruction& copy, std::string_view destination) {
  constexpr std::string_view kPlain[] = {
      "/usr/bin",       "/usr/local/bin",     "/usr/local/sbin", "/usr/lib", "/usr/share", "/usr/local/share",
      "/usr/local/lib", "/usr/local/include", "/usr/local",      "/usr",     "/opt",       "/etc"};
  const std::string_view written = copy.arguments.back().text;
  const bool folder = written.ends_with('/') || written.ends_with("/.");
  const std::string_view holding = folder ? destination : text::parent_path(destination);
  return std::ranges::find(kPlain, holding) != std::end(kPlain);
}

// Whether a folder on the way is one that has mode 0555 in Fedora, Red Hat's images and others.
bool may_have_other_mode(std::string_view destination) {
  constexpr std::string_view kFolders[] = {"/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin", "/usr/games"};
  return std::ranges::any_of(kFolders,
                             [&](std::string_view folder) { return text::is_within(destination, folder); });
}

// The folders whose owner or mode the steps of a stage have set so far.
class ModifiedFolders {
 public:
  void add(lint::Dockerfile& dockerfile, size_t index) {
    const plan::Step& step = dockerfile.graph().steps[index];
    if (step.kind == plan::Step::Kind::kRun) {
      if (may_link(step))
        std::ranges::for_each(cache::writes_of(step).links, [&](auto& link) { note(link); });
      if (!owner_of(step).is_root()) add_all_written(step);
      for (const shell::Command& command : dockerfile.run_of(index).commands)
        add(command, step);
    } else if (step.kind == plan::Step::Kind::kWorkdir) {
      const plan::Part* user = step.find(plan::Part::Kind::kUser);
      if (user != nullptr && user->value != "root" && user->value != "0") note(step.destination);
    } else if (step.find(plan::Part::Kind::kOwner) != nullptr ||
               step.find(plan::Part::Kind::kMode) != nullptr) {
      note(step.destination);
    }
  }

  // Whether one of them may be on the way to what is copied.
  bool may_hold(std::string_view destination) const {
    return unknown_ || std::ranges::any_of(folders_, [&](const std::string& folder) {
             return text::is_within(destination, folder);
           });
  }

 private:
  static constexpr size_t kMost = 256;

  // Whether the script has the letters of `ln`, without which it makes no link.
  static bool may_link(const plan::Step& step) {
    return std::ranges::any_of(
        step.definition, [](const plan::Part& part) { return part.value.find("ln") != std::string::npos; });
  }

  void note(std::string folder) {
    if (folder == "/") return;
    folders_.push_back(std::move(folder));
    unknown_ = unknown_ || folders_.size() > kMost;
  }

  // What another user than root makes belongs to that user.
  void add_all_written(const plan::Step& step) {
    const cache::RunWrites written = cache::writes_of(step);
    unknown_ = unknown_ || !written.paths;
    if (!written.paths) return;
    for (const std::string& path : *written.paths)
      note(path);
  }

  void add(const shell::Command& command, const plan::Step& step) {
    constexpr std::string_view kOwning[] = {"chown", "chgrp"};
    constexpr std::string_view kSetting[] = {"chmod", "setfacl", "mkdir", "install"};
    constexpr std::string_view kUsers[] = {"useradd", "adduser", "usermod"};
    const std::span<const shell::Word> words = shell::invocation(command);
    const std::string_view program = shell::program_of(words);
    const auto is_one_of = [&](const auto& programs) {
      return std::ranges::find(programs, program) != std::end(programs);
    };
    const bool owning = is_one_of(kOwning), setting = is_one_of(kSetting);
    if (!owning && !setting && !is_one_of(kUsers)) return;
    const auto sets_mode = [](const shell::Word& word) {
      return word.text.starts_with("-m") || word.text.starts_with("--mode");
    };
    if (program == "mkdir" && std::ranges::none_of(words, sets_mode)) return;
    bool owner_is_next = owning;  // it comes usually from a variable, the folder seldom
    for (const shell::Word& word : words.subspan(1)) {
      if (word.text.starts_with('-')) continue;
      if (std::exchange(owner_is_next, false)) continue;
      const auto path = path_of(word, step);
      if (!path) {
        unknown_ = true;
      } else if (owning || setting || path->find('/') != std::string::npos) {
        note(text::join_path(path->starts_with('/') ? "/" : step.workdir(), *path));
      }
    }
  }

  // With the variables of the stage replaced; nothing where others are in it.
  static std::optional<std::string> path_of(const shell::Word& word, const plan::Step& step) {
    if (word.literal) return std::string(word.text);
    const bool computed =
        word.text.find("$(") != std::string_view::npos || word.text.find('`') != std::string_view::npos;
    if (computed || !step.environment) return std::nullopt;
    std::vector<std::string> missing;
    auto path = dockerfile::expand(word.text, step.environment->lookup(), {.missing = &missing});
    if (!path || !missing.empty()) return std::nullopt;
    return *std::move(path);
  }

  std::vector<std::string> folders_;
  bool unknown_ = false;
};

// Why `--link` may not work there or may change the image; empty if it can't.
std::string risk_of_link(lint::Dockerfile& dockerfile, const plan::Step& step) {
  const dockerfile::Instruction& copy = *step.instruction;
  const std::string_view destination = step.destination;
  if (std::string builder = refused_by_builder(dockerfile, BuildkitFeature::kLink); !builder.empty())
    return builder;
  if (!dockerfile.file().directive("syntax"))
    return "builders before Docker 23.0 refuse --link without a '# syntax=' line";
  if (!names_its_place(copy))
    return fmt::format("if {} is a folder in the image, the copied file replaces it", destination);
  if (!is_plain(copy, destination))
    return fmt::format("the folders above {} get root as owner and mode 755, whatever they have in the image",
                       destination);
  if (may_have_other_mode(destination) && !has_usual_modes(dockerfile.graph(), step.stage))
    return fmt::format(
        "the folders above {} get mode 755, and images of Fedora, Red Hat and others have 555 there",
        destination);
  return {};
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const plan::Graph& graph = dockerfile.graph();
  std::vector<ModifiedFolders> touched(graph.stages.size());
  size_t stage = graph.stages.size();
  for (size_t index = 0; index < graph.steps.size(); ++index) {
    const plan::Step& step = graph.steps[index];
    const dockerfile::Instruction& instruction = *step.instruction;
    if (const auto base = graph.stages[step.stage].base_stage; base && step.stage != stage)
      touched[step.stage] = touched[*base];
    stage = step.stage;
    const bool copy = step.kind == plan::Step::Kind::kCopy &&
                      instruction.keyword == dockerfile::Keyword::kCopy &&
                      instruction.find_flag("from") != nullptr;
    const bool reported = copy && !runs_windows(graph, step.stage) && is_self_contained(instruction) &&
                          !goes_through_link(step.destination) && !is_special(step.destination) &&
                          (names_its_place(instruction) || !is_usual_folder(step.destination)) &&
                          !touched[stage].may_hold(step.destination) && stands_on_something(graph, step);
    touched[stage].add(dockerfile, index);
    if (!reported) continue;
    const text::Span place{instruction.name_span.end, instruction.name_span.end};
    lint::Diagnostic& diagnostic =
        reporter.report(instruction.span,
                        "this COPY rebuilds whenever a step before it does, even if the files are the "
                        "same",
                        "write COPY --link");
    diagnostic.fix = replace(place, " --link", "add --link");
    if (has_syntax_below(dockerfile.file(), kSyntaxOfLink)) {
      diagnostic.fix.reset();
      continue;
    }
    diagnostic.fix->unsafe_because = risk_of_link(dockerfile, step);
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#copy---link"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1017",
      .name = "copy-link",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kDcache,
      .fix = lint::FixKind::kSafe,
      .summary = "A COPY from another stage does not use --link",
      .rationale =
          "Without `--link`, a COPY changes the layer of the step before it. It rebuilds whenever one of "
          "the steps before it does, even if the files are the same. With `--link` its layer is "
          "independent: it is reused as long as the copied files stay the same.\n\nA linked layer also "
          "contains the parent folders of the destination, owned by root with mode 0755, and they "
          "replace those of earlier layers. The rule does not report a COPY if a step sets the owner or "
          "the mode of such a folder, if a user other than root creates it, if images have symbolic "
          "links to folders there, and in `/tmp`, `/root` and `/home`.",
      .fix_note =
          "Adds `--link`. The fix is unsafe in a file without a `# syntax=` line, since older builders "
          "may refuse the flag, and if a file of the project names a builder that does not know it, such as "
          "Podman "
          "before 5.6; outside "
          "of "
          "folders such as `/usr/local/bin`, since a parent folder in "
          "the base image may have another owner or mode; in `/usr/bin`, `/usr/lib` and the like unless the "
          "base image is known to be made from Debian, Ubuntu or Alpine: Fedora, Red Hat and their kin have "
          "mode 0555 there; and if the destination may be a folder but is "
          "written without a slash at the end, since a linked file would replace that folder.",
      .bad = {"FROM golang:1.22 AS build\n"
              "RUN make\n"
              "FROM debian:12\n"
              "RUN apt-get update && apt-get install -y ca-certificates\n"
              "COPY --from=build /out/app /usr/bin/app\n"},
      .good = {"FROM golang:1.22 AS build\n"
               "RUN make\n"
               "FROM debian:12\n"
               "RUN apt-get update && apt-get install -y ca-certificates\n"
               "COPY --link --from=build /out/app /usr/bin/app\n"},
      .references = kReferences,
      .needs_buildkit = true,
      .check = check};
}

}  // namespace dcache::rules::DC1017
