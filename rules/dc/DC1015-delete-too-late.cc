#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/calls.h"
#include "rules/package_managers.h"

namespace dcache::rules::DC1015 {
namespace {

constexpr size_t kMostSteps = 256;  // that are looked at for one path
constexpr size_t kMostNamed = 3;    // files in one sentence

// Lists of packages, and the words of the commands that fetch them.
struct Leftover {
  std::string_view program;
  std::array<std::string_view, 4> made_by;
  std::string_view unless;  // an option with which nothing is left
  std::string_view folder;
  std::string_view instead = {};  // the folder that they are kept in if it is there
};
constexpr Leftover kLeftovers[] = {{"apt-get", {"update"}, {}, "/var/lib/apt/lists"},
                                   {"apt", {"update"}, {}, "/var/lib/apt/lists"},
                                   {"apk",
                                    {"update", "-U", "--update", "--update-cache"},
                                    "--no-cache",
                                    "/var/cache/apk",
                                    "/etc/apk/cache"}};

bool makes(const lint::Run& run, const Leftover& leftover) {
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    return shell::program_of(words) == leftover.program &&
           std::ranges::any_of(
               leftover.made_by,
               [&](std::string_view word) { return !word.empty() && shell::has_word(words, word); }) &&
           (leftover.unless.empty() || !shell::has_word(words, leftover.unless));
  });
}

// Whether removing `path` is about what is in `folder`.
bool is_about(std::string_view path, std::string_view folder) {
  return text::is_within(path, folder) || text::is_within(folder, path);
}

// Without a trailing `/*`.
std::string removed_path(std::string_view word) {
  if (word.ends_with("/*")) word.remove_suffix(2);
  return word.starts_with('/') && word.find_first_of("*?[${") == std::string_view::npos
             ? text::clean_path(word)
             : std::string();
}

// Whether a package manager empties its caches with the program of a command.
bool may_empty(const shell::Command& command) {
  static const std::set<std::string_view> kPrograms = [] {
    std::set<std::string_view> programs;
    for (const PackageManager& manager : package_managers()) {
      for (const Words words : manager.empties)
        programs.insert(words.front());
    }
    return programs;
  }();
  return kPrograms.contains(shell::program_of(shell::invocation(command)));
}

using PathRelation = bool (*)(std::string_view path, std::string_view folder);

class Check {
 public:
  Check(lint::Dockerfile& dockerfile, lint::Reporter& reporter)
      : dockerfile_(dockerfile), reporter_(reporter) {}

  // The layers of the stage that it starts from are below its own.
  void stage(const plan::Stage& stage) {
    const plan::Graph& graph = dockerfile_.graph();
    above_.clear();
    for (auto base = stage.base_stage; base && above_.size() < kMostSteps;
         base = graph.stages[*base].base_stage) {
      for (const size_t index : std::views::reverse(graph.stages[*base].steps))
        above_.push_back(&graph.steps[index]);
    }
    std::ranges::reverse(above_);
    for (const size_t index : stage.steps) {
      const plan::Step& step = dockerfile_.graph().steps[index];
      if (step.kind == plan::Step::Kind::kRun && !above_.empty()) run(dockerfile_.run_of(index));
      above_.push_back(&step);
    }
  }

 private:
  void run(const lint::Run& run) {
    for (const shell::Command& command : run.commands) {
      if (const PackageManager* manager = emptied_by(command)) {
        report_emptied(run, command, *manager);
        continue;
      }
      const auto words = shell::invocation(command);
      if (shell::program_of(words) != "rm") continue;
      for (const shell::Word& word : words.subspan(1)) {
        const std::string path = removed_path(word.text);
        const plan::Step* maker = path.empty() || path == "/" ? nullptr : maker_of(path, run);
        if (maker == nullptr || is_small(*maker, path) || !reported_.insert(maker).second) continue;
        const std::vector<std::string> files = files_in(*maker, path);
        const bool several = files.size() > 1;
        reporter_.report(run.span_of(command.spelling),
                         fmt::format("{} stay{} in the layer of line {}, and {} only hidden",
                                     text::list_words(files, kMostNamed), several ? "" : "s",
                                     maker->instruction->start_line, several ? "are" : "is"),
                         maker->kind == plan::Step::Kind::kCopy
                             ? several ? "use --mount=type=bind instead of copying them"
                                       : "use --mount=type=bind instead of copying it"
                             : "delete it in the RUN that creates it");
        break;
      }
    }
  }

  // Whether what a COPY put at the path, or below it, takes so little room that nobody would change a build
  // for it. If the files are not there to look at, their names tell: a signature, a checksum, a patch.
  bool is_small(const plan::Step& maker, const std::string& path) const {
    constexpr uint64_t kSmall = 64 * 1024;
    if (maker.kind != plan::Step::Kind::kCopy) return false;
    constexpr std::string_view kEndings[] = {".asc",    ".sig", ".sha1", ".sha256",
                                             ".sha512", ".md5", ".diff", ".patch"};
    if (maker.reads.empty())
      return std::ranges::any_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); });
    uint64_t size = 0;
    for (const plan::Read& read : maker.reads) {
      for (const plan::Selector& selector : read.selectors) {
        // Of a COPY into a folder that stays, only what has the name.
        const bool counts = text::is_within(maker.destination, path) ||
                            text::base_name(selector.path) == text::base_name(path);
        if (!counts) continue;
        const auto bytes = read.origin == plan::Read::Origin::kContext ? bytes_of(selector) : std::nullopt;
        const bool small_by_name = std::ranges::any_of(
            kEndings, [&](std::string_view ending) { return selector.path.ends_with(ending); });
        if (!bytes && !small_by_name) return false;
        size += bytes.value_or(0);
      }
    }
    return size <= kSmall;
  }

  // How large the files are that a selector takes from the context; nothing if that is not known.
  std::optional<uint64_t> bytes_of(const plan::Selector& selector) const {
    const lint::BuildContext* context = dockerfile_.build_context();
    if (context == nullptr || selector.unpack) return std::nullopt;
    const std::string_view path = std::string_view(selector.path).substr(1);
    uint64_t size = 0;
    bool found = false;
    for (const context::Record& record : context->files.records()) {
      const bool matches =
          selector.wildcard ? text::glob_match(path, record.path) : text::is_within(record.path, path);
      if (!matches) continue;
      found = true;
      if (record.type == context::Type::kFile) size += record.size;
      // What is below a folder that a pattern matches is not followed.
      if (record.type == context::Type::kFolder && selector.wildcard) return std::nullopt;
    }
    return found ? std::optional(size) : std::nullopt;
  }

  // What a step put at the path, or below it: the names of files that a COPY brings, as far as it tells.
  static std::vector<std::string> files_in(const plan::Step& maker, const std::string& path) {
    std::vector<std::string> files;
    if (maker.kind != plan::Step::Kind::kCopy || !text::is_within(maker.destination, path)) return {path};
    const auto words = maker.instruction->arguments;
    const std::string_view last = words.empty() ? std::string_view() : words.back().text;
    const bool into_folder =
        words.size() > 2 || last.ends_with('/') || last == "." || maker.destination == path;
    for (const plan::Read& read : maker.reads) {
      for (const plan::Selector& selector : read.selectors) {
        if (selector.takes_everything() || selector.wildcard || !selector.include.empty()) return {path};
        files.push_back(into_folder ? text::join_path(maker.destination, text::base_name(selector.path))
                                    : maker.destination);
      }
    }
    // A file that is removed by its own name, or a folder with the name of what was copied.
    if (files.empty() || (files.size() == 1 && maker.destination == path && !last.ends_with('/')))
      return {path};
    return files;
  }

  // The package manager whose caches a command empties; null for none. The images of Debian and Ubuntu keep
  // no packages that `apt-get clean` could remove.
  static const PackageManager* emptied_by(const shell::Command& command) {
    if (!may_empty(command)) return nullptr;
    for (const PackageManager& manager : package_managers()) {
      if (manager.name != "apt" && empties_caches(manager, command)) return &manager;
    }
    return nullptr;
  }

  void report_emptied(const lint::Run& run, const shell::Command& command, const PackageManager& manager) {
    // What the RUN downloads itself is what it empties the caches for.
    const auto is_its_own = [&](const Use& use) { return use.manager->name == manager.name; };
    if (std::ranges::any_of(uses_of(dockerfile_, run), is_its_own)) return;
    for (size_t i = above_.size(); i-- > oldest();) {
      if (above_[i]->kind != plan::Step::Kind::kRun) continue;
      const lint::Run& other = dockerfile_.run_at(*above_[i]->instruction);
      if (!fills(other, manager)) continue;
      reporter_.report(run.span_of(command.spelling),
                       fmt::format("the files that {} downloaded stay in the layer of line {}, and are "
                                   "only hidden",
                                   manager.name, other.instruction->start_line),
                       "do this in the RUN that downloads, or use a cache mount");
      return;
    }
  }

  // Whether the RUN leaves something in the caches of a package manager, or in those of them that `path` is
  // related to.
  bool fills(const lint::Run& run, const PackageManager& manager, std::string_view path = {},
             PathRelation related = is_about) {
    if (!run.step) return false;
    const auto is_its_own = [&](const Use& use) { return use.manager->name == manager.name; };
    if (std::ranges::none_of(uses_of(dockerfile_, run), is_its_own)) return false;
    const auto empties = [&](const shell::Command& command) { return empties_caches(manager, command); };
    if (std::ranges::any_of(run.commands, empties)) return false;
    return std::ranges::any_of(uses_of(dockerfile_, run), [&](const Use& use) {
      if (!is_its_own(use) || opts_out(use) || opts_out_by_variable(dockerfile_, run, use)) return false;
      return std::ranges::any_of(use.action->caches, [&](std::string_view name) {
        const Cache& cache = manager.cache(name);
        if (is_mounted(dockerfile_, run, manager, cache, use.command)) return false;
        const auto folder = cache_path(dockerfile_, run, manager, cache, use.command);
        return path.empty() || (folder && related(path, *folder));
      });
    });
  }

  size_t oldest() const { return above_.size() - std::min(above_.size(), kMostSteps); }

  // The step before this one that put the path there; null if none is known, or if the RUN itself makes it.
  const plan::Step* maker_of(const std::string& path, const lint::Run& run) {
    if (leaves(run, path, text::is_within)) return nullptr;
    for (size_t i = above_.size(); i-- > oldest();) {
      const plan::Step& step = *above_[i];
      if (step.kind == plan::Step::Kind::kCopy && step.destination != "/" && brings(step, path)) return &step;
      if (step.kind != plan::Step::Kind::kRun) continue;
      const lint::Run& other = dockerfile_.run_at(*step.instruction);
      if (leaves(other, path, is_about) && !removes(other, path)) return &step;
    }
    return nullptr;
  }

  // Whether a RUN leaves lists or downloads of a package manager in a folder that `path` is related to.
  bool leaves(const lint::Run& run, const std::string& path, PathRelation related) {
    for (const Leftover& leftover : kLeftovers) {
      if (!related(path, leftover.folder) || !makes(run, leftover)) continue;
      const bool is_elsewhere = !leftover.instead.empty() && keeps_out_of_layer(run, {&leftover.instead, 1});
      if (!is_elsewhere && !keeps_out_of_layer(run, {&leftover.folder, 1})) return true;
    }
    return std::ranges::any_of(package_managers(), [&](const PackageManager& manager) {
      // Their lists are above; the packages are not kept, or only in a folder that is made on purpose.
      return manager.name != "apt" && manager.name != "apk" && fills(run, manager, path, related);
    });
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

  lint::Dockerfile& dockerfile_;
  lint::Reporter& reporter_;
  std::vector<const plan::Step*> above_;
  std::set<const plan::Step*> reported_;  // layers that a removal was reported for
};

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  Check check(dockerfile, reporter);
  for (const plan::Stage& stage : dockerfile.graph().stages)
    check.stage(stage);
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/best-practices/#run"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1015",
      .name = "delete-too-late",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .summary = "Files are deleted in a later layer than the one that contains them",
      .rationale =
          "A layer can't make earlier layers smaller. A file that an earlier step stored is still "
          "part of the image, and is only hidden. Delete files in the RUN that creates them. Use a "
          "cache mount for files that are needed only while a step runs, or a bind mount instead of "
          "COPY.\n\nCopied files that take no more than 64 KiB together are not reported, and neither are "
          "signatures, checksums and patches if the files are not there to look at.",
      .bad = {"FROM debian:12\n"
              "COPY app.tar.gz /tmp/app.tar.gz\n"
              "RUN tar -xzf /tmp/app.tar.gz -C /opt && rm /tmp/app.tar.gz\n"},
      .good = {"FROM debian:12\n"
               "RUN --mount=type=bind,source=app.tar.gz,target=/tmp/app.tar.gz tar -xzf /tmp/app.tar.gz "
               "-C /opt\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC1015
