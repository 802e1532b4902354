#include "rules/package_lists.h"

#include <algorithm>
#include <map>

#include "rules/calls.h"

namespace dcache::rules {
namespace {

using Names = std::span<const std::string_view>;

// A package manager that installs by lists which another of its commands has fetched.
struct ListUser {
  std::string_view manager;
  Names programs;
  Names caches;            // folders that hold the lists; in a mount they are not those of the layer
  Names installs;          // commands that read the lists to add packages
  Names fresh;             // options with which an install fetches lists itself
  std::string_view lists;  // the folder
  std::string_view remedy;
};
constexpr std::string_view kApt[] = {"apt-get", "apt", "aptitude"};
constexpr std::string_view kAptInstalls[] = {"install", "build-dep", "satisfy", "source", "download"};
constexpr std::string_view kApk[] = {"apk"};
constexpr std::string_view kApkInstalls[] = {"add"};
constexpr std::string_view kApkFresh[] = {"--no-cache", "-U", "--update", "--update-cache"};
constexpr std::string_view kAptCaches[] = {"/var/lib/apt/lists"};
constexpr std::string_view kApkCaches[] = {"/var/cache/apk", "/etc/apk/cache"};
constexpr std::string_view kUpgrades[] = {"upgrade", "dist-upgrade", "full-upgrade"};
constexpr ListUser kListUsers[] = {{"apt",
                                    kApt,
                                    kAptCaches,
                                    kAptInstalls,
                                    {},
                                    "/var/lib/apt/lists",
                                    "run update and install in one RUN: apt-get update && apt-get "
                                    "install …"},
                                   {"apk", kApk, kApkCaches, kApkInstalls, kApkFresh, "/var/cache/apk",
                                    "write apk add --no-cache …, which fetches the index itself"}};

bool has_any_name(std::span<const shell::Word> words, Names wanted) {
  return std::ranges::any_of(wanted, [&](std::string_view word) { return shell::has_word(words, word); });
}

// What a RUN does with the lists of a package manager.
struct ListUse {
  bool updates = false;
  bool upgrades = false;
  bool installs = false;
  bool removes = false;  // so that a later install has to update
  bool unknown = false;  // a script may install
};

ListUse list_use(const ListUser& user, const lint::Run& run, const Invocations& all) {
  ListUse use;
  for (const auto& words : all) {
    const std::string_view program = shell::program_of(words);
    if (std::ranges::find(user.programs, program) != user.programs.end()) {
      const bool installs = has_any_name(words, user.installs);
      use.installs = use.installs || installs;
      use.updates =
          use.updates || shell::has_word(words, "update") || (installs && has_any_name(words, user.fresh));
      use.upgrades = use.upgrades || has_any_name(words, kUpgrades);
    }
    use.removes = use.removes || (program == "rm" && std::ranges::any_of(words, [&](const shell::Word& word) {
                                    return word.text.starts_with(user.lists);
                                  }));
  }
  if (keeps_out_of_layer(run, user.caches)) {
    use.removes = true;
    use.updates = use.updates || use.installs;
  }
  use.unknown = calls_any(all, {"bash", "sh", "make", "gdebi", "mk-build-deps"});
  return use;
}

// Whether a RUN starts something by its path.
bool runs_scripts(const lint::Run& run) {
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    const auto words = shell::invocation(command);
    return !words.empty() && words.front().text.find('/') != std::string_view::npos;
  });
}

// The RUNs of a file that do something with the lists, in its order.
struct ListRuns {
  std::vector<const lint::Run*> installing;
  std::vector<const lint::Run*> by_old_lists;  // those of them that do not update
  std::vector<const lint::Run*> unknown;       // a script may install
};
struct AllListRuns {
  std::map<const ListUser*, ListRuns> by_user;
};

const ListRuns& list_runs(lint::Dockerfile& dockerfile, const ListUser& user) {
  const auto [known, is_new] = dockerfile.memory<AllListRuns>().by_user.try_emplace(&user);
  ListRuns& runs = known->second;
  if (!is_new) return runs;
  for (const lint::Run& run : dockerfile.runs()) {
    if (!run.step) continue;
    const ListUse use = list_use(user, run, invocations_of(run));
    if (use.installs) runs.installing.push_back(&run);
    if (use.installs && !use.updates) runs.by_old_lists.push_back(&run);
    if (use.unknown || run.commands.empty() || runs_scripts(run)) runs.unknown.push_back(&run);
  }
  return runs;
}

// What later RUNs of the stage, and of stages that start from it, do with the lists that a RUN has fetched.
struct LaterInstalls {
  const lint::Run* by_old_lists = nullptr;  // the first that does not update
  bool any = false;
  bool unknown = false;  // a script may install
};
LaterInstalls later_installs(lint::Dockerfile& dockerfile, const ListUser& user, const lint::Run& run) {
  if (!run.step) return {};
  const plan::Graph& graph = dockerfile.graph();
  const auto first_after = [&](const std::vector<const lint::Run*>& runs) -> const lint::Run* {
    const auto step = [](const lint::Run* one) { return *one->step; };
    const auto later = std::ranges::upper_bound(runs, *run.step, {}, step);
    const auto found = std::find_if(later, runs.end(), [&](const lint::Run* other) {
      return graph.starts_from(graph.steps[*other->step].stage, graph.steps[*run.step].stage);
    });
    return found == runs.end() ? nullptr : *found;
  };
  const ListRuns& runs = list_runs(dockerfile, user);
  return {first_after(runs.by_old_lists), first_after(runs.installing) != nullptr,
          first_after(runs.unknown) != nullptr};
}

// Those that no test decides about.
Invocations certain_invocations(const lint::Run& run) {
  Invocations all;
  for (const shell::Command& command : run.commands) {
    if (!is_conditional(run, command)) all.push_back(shell::invocation(command));
  }
  return all;
}

}  // namespace

bool is_conditional(const lint::Run& run, const shell::Command& command) {
  return command.depth > 0 && std::ranges::any_of(run.commands, [&](const shell::Command& other) {
           const std::string_view program = other.program();
           return &other < &command && other.depth > 0 && other.depth <= command.depth &&
                  (program == "[" || program == "[[" || program == "test");
         });
}

Invocations invocations_of(const lint::Run& run) {
  Invocations all;
  for (const shell::Command& command : run.commands)
    all.push_back(shell::invocation(command));
  return all;
}

bool calls_any(const Invocations& all, std::initializer_list<std::string_view> programs) {
  return std::ranges::any_of(all, [&](const auto& words) {
    return std::ranges::find(programs, shell::program_of(words)) != programs.end();
  });
}

bool needs_apt_lists_in_layer(lint::Dockerfile& dockerfile, const lint::Run& run) {
  const ListUser& apt = kListUsers[0];
  const ListUse use = list_use(apt, run, invocations_of(run));
  const bool fetches = use.updates || use.unknown || runs_scripts(run);
  return !fetches || (!use.removes && later_installs(dockerfile, apt, run).by_old_lists != nullptr);
}

std::vector<LeftLists> lists_left_for_later(lint::Dockerfile& dockerfile, const lint::Run& run) {
  std::vector<LeftLists> left;
  const Invocations all = invocations_of(run);
  for (const ListUser& user : kListUsers) {
    const ListUse use = list_use(user, run, all);
    if (!use.updates || use.installs || use.removes || use.unknown) continue;
    if (!list_use(user, run, certain_invocations(run)).updates) continue;
    const LaterInstalls later = later_installs(dockerfile, user, run);
    // An upgrade is a use of its own, and installs that update themselves don't need these lists.
    if (later.by_old_lists == nullptr && (use.upgrades || later.any)) continue;
    const bool is_used = later.by_old_lists != nullptr || later.unknown;
    left.push_back({user.manager, user.programs.front(), later.by_old_lists, is_used, user.remedy});
  }
  return left;
}

}  // namespace dcache::rules
