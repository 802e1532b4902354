#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/calls.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostSteps = 256;  // that are looked at for one path

struct Leftover {
  std::string_view program;
  std::string_view made_by;
  std::string_view folder;
};
// What package managers leave, and which of their commands do.
constexpr Leftover kLeftovers[] = {{"apt-get", "update", "/var/lib/apt/lists"},
                                   {"apt", "update", "/var/lib/apt/lists"},
                                   {"yum", "install", "/var/cache/yum"},
                                   {"dnf", "install", "/var/cache/dnf"}};

bool makes(const lint::Run& run, const Leftover& leftover) {
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    return shell::program_of(words) == leftover.program && shell::has_word(words, leftover.made_by);
  });
}

// Without a trailing `/*`.
std::string removed_path(std::string_view word) {
  if (word.ends_with("/*")) word.remove_suffix(2);
  return word.starts_with('/') && word.find_first_of("*?[${") == std::string_view::npos
             ? text::clean_path(word)
             : std::string();
}

class Check {
 public:
  Check(lint::Subject& subject, lint::Reporter& reporter) : subject_(subject), reporter_(reporter) {}

  void stage(const plan::Stage& stage) {
    above_.clear();
    for (const size_t index : stage.steps) {
      const plan::Step& step = subject_.graph().steps[index];
      if (step.kind == plan::Step::Kind::kRun && !above_.empty()) run(subject_.run_of(index));
      above_.push_back(&step);
    }
  }

 private:
  void run(const lint::Run& run) {
    for (const shell::Command& command : run.commands) {
      const auto words = shell::invocation(command);
      if (shell::program_of(words) != "rm") continue;
      for (const shell::Word& word : words.subspan(1)) {
        const std::string path = removed_path(word.text);
        const plan::Step* maker = path.empty() || path == "/" ? nullptr : maker_of(path, run);
        if (maker == nullptr) continue;
        reporter_.report(run.span_of(command.spelling),
                         fmt::format("{} stays in the layer of line {}, and is only hidden", path,
                                     maker->instruction->start_line),
                         maker->kind == plan::Step::Kind::kCopy
                             ? "mount it with --mount=type=bind instead of copying it"
                             : "remove it in the RUN that makes it");
        break;
      }
    }
  }

  // The step above that put the path there; null if none is known, or the RUN itself made it anew.
  const plan::Step* maker_of(const std::string& path, const lint::Run& run) {
    for (const Leftover& leftover : kLeftovers) {
      if (text::is_within(path, leftover.folder) && makes(run, leftover)) return nullptr;
    }
    const size_t oldest = above_.size() - std::min(above_.size(), kMostSteps);
    for (size_t i = above_.size(); i-- > oldest;) {
      const plan::Step& step = *above_[i];
      if (step.kind == plan::Step::Kind::kCopy && step.destination != "/" && brings(step, path)) return &step;
      if (step.kind != plan::Step::Kind::kRun) continue;
      const lint::Run& other = subject_.run_at(*step.instruction);
      for (const Leftover& leftover : kLeftovers) {
        if (text::is_within(path, leftover.folder) && makes(other, leftover) &&
            !keeps_out_of_layer(other, {&leftover.folder, 1}) && !removes(other, path))
          return &step;
      }
    }
    return nullptr;
  }

  // A COPY of one file to the path, into a folder that is removed as a whole, or of a file of that name into
  // a folder.
  static bool brings(const plan::Step& copy, const std::string& path) {
    if (text::is_within(copy.destination, path)) return true;
    if (text::parent_path(path) != copy.destination) return false;
    return std::ranges::any_of(copy.reads, [&](const plan::Read& read) {
      return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
        return text::base_name(selector.path) == text::base_name(path);
      });
    });
  }

  static bool removes(const lint::Run& run, const std::string& path) {
    return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
      return command.program() == "rm" && std::ranges::any_of(command.words, [&](const shell::Word& word) {
               const std::string removed = removed_path(word.text);
               return !removed.empty() && text::is_within(path, removed);
             });
    });
  }

  lint::Subject& subject_;
  lint::Reporter& reporter_;
  std::vector<const plan::Step*> above_;
};

void check(lint::Subject& subject, lint::Reporter& reporter) {
  Check check(subject, reporter);
  for (const plan::Stage& stage : subject.graph().stages)
    check.stage(stage);
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/best-practices/#run"};

}  // namespace

lint::Rule DC1015() {
  return {.code = "DC1015",
          .name = "delete-too-late",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .summary = "Files are removed in a later layer than the one that made them",
          .rationale =
              "A layer can't make the ones below it smaller: what an earlier step stored is shipped, and "
              "merely hidden. Remove files in the RUN that makes them, keep what is only needed while a step "
              "runs in a cache mount, or bind-mount it instead of copying it.",
          .bad = {"FROM debian:12\n"
                  "COPY app.tar.gz /tmp/app.tar.gz\n"
                  "RUN tar -xzf /tmp/app.tar.gz -C /opt && rm /tmp/app.tar.gz\n"},
          .good = {"FROM debian:12\n"
                   "RUN --mount=type=bind,source=app.tar.gz,target=/tmp/app.tar.gz tar -xzf /tmp/app.tar.gz "
                   "-C /opt\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules
