#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/history/era.h"
#include "dcache/history/history.h"
#include "dcache/history/image_replay.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "dcache/threads/share.h"

namespace dcache::history {
namespace {

using context::Commit;
using context::CommitFiles;
using context::GitEntry;
using context::GitObjects;
using context::TreeChange;

class CommitReplay {
 public:
  CommitReplay(std::shared_ptr<const GitObjects> objects, const ReadImages& read, const Options& options,
               History& history)
      : objects_(std::move(objects)), options_(options), history_(history), eras_(objects_, read) {}

  tl::expected<void, std::string> run() {
    if (history_.commits.empty()) return {};
    states_.resize(history_.commits.size());
    ask_newest();
    std::string failure;
    const auto changes_at = [this](size_t at) { return this->changes_at(at); };
    const auto take = [&](Changes changes) {
      if (!failure.empty()) return;
      if (!changes) {
        failure = std::move(changes.error());
        return;
      }
      add_state(std::move(*changes));
      if (restarts_ <= kMostRestarts) build_prepared();
    };
    // Git's objects are read while the images are worked out.
    constexpr size_t kLeast = 200;
    threads::in_order(states_.size(), threads::helpers_for(states_.size(), kLeast), changes_at, take);
    if (!failure.empty()) return tl::unexpected(std::move(failure));
    if (restarts_ > kMostRestarts) {
      look_at_all();
      build_prepared();
    }
    for (const std::string& name : asked_)
      history_.images.push_back(replay_of(name).finish());
    add_notes();
    return {};
  }

 private:
  // A commit with what is known of it before anything is judged.
  struct State {
    std::shared_ptr<const CommitFiles> files;
    std::vector<TreeChange> changes;  // since the commit before
    std::shared_ptr<const Era> era;
  };
  // Dockerfiles that read other files than before are rare. If there are more of them, all commits are looked
  // at first.
  static constexpr size_t kMostRestarts = 2;

  std::shared_ptr<const CommitFiles> files_of(size_t at) const {
    return std::make_shared<const CommitFiles>(objects_, history_.commits[at].tree, options_.here);
  }

  // The images that the newest commit means.
  void ask_newest() {
    const std::shared_ptr<const Era> newest = eras_.read(files_of(states_.size() - 1));
    for (const size_t index : newest->meant) {
      const std::string& name = newest->names[index];
      if (names_.insert(name).second) asked_.push_back(name);
    }
    eras_.name_as_in(*newest);
  }

  using Changes = tl::expected<std::vector<TreeChange>, std::string>;
  Changes changes_at(size_t at) const {
    if (at == 0) return {};
    return objects_->changes(history_.commits[at - 1].tree, history_.commits[at].tree);
  }

  void add_state(std::vector<TreeChange> changes) {
    State& state = states_[prepared_];
    state.files = files_of(prepared_);
    state.changes = std::move(changes);
    state.era = eras_.of(state.files, state.changes);
    ++prepared_;
  }

  void look_at_all() {
    for (const State& state : states_)
      add_names(*state.era);
    for (const State& state : states_)
      add_visible(*state.era);
  }

  // Builds the commits that are prepared, and all once more if one of them shows more than was seen before.
  void build_prepared() {
    while (built_ < prepared_) {
      const State& state = states_[built_];
      if (add_names(*state.era) || add_visible(*state.era)) {
        // What was worked out so far can't be compared with what needs more to be seen.
        replays_.clear();
        built_ = 0;
        if (++restarts_ > kMostRestarts && prepared_ < states_.size()) return;
        continue;
      }
      build_all(built_);
      if (links_show_more()) {
        replays_.clear();
        built_ = 0;
        continue;
      }
      ++built_;
      if (options_.progress) options_.progress(built_, states_.size());
    }
  }

  // Adds the images that those need which are asked about. Whether there are more now.
  bool add_names(const Era& era) {
    if (!named_.insert(&era).second) return false;
    bool any = false;
    std::vector<std::string> todo(names_.begin(), names_.end());
    while (!todo.empty()) {
      const auto index = era.find(todo.back());
      todo.pop_back();
      if (!index) continue;
      for (const auto& [reference, needed] : era.needs->of(*index)) {
        for (const auto& [other, may_be_other] : needed) {
          const std::string& name = era.names[other];
          if (!names_.insert(name).second) continue;
          todo.push_back(name);
          any = true;
        }
      }
    }
    return any && !replays_.empty();
  }

  // Adds what the plans of an era look at. Whether that is more than before, and something was worked out.
  bool add_visible(const Era& era) {
    if (!seen_.insert(&era).second) return false;
    bool any = false;
    for (const std::string& name : names_) {
      const auto index = era.find(name);
      const Setup* const setup = index ? era.setups[*index].get() : nullptr;
      if (setup == nullptr || setup->plan == nullptr) continue;
      VisibleByContext& visible = visible_[name];
      const VisibleByContext before = visible;
      add_visible_paths(*setup->plan->graph, visible);
      any = any || (visible != before && replays_.contains(name));
    }
    return any;
  }

  bool links_show_more() {
    bool any = false;
    for (const auto& [name, replay] : replays_) {
      if (replay.more_visible() == nullptr) continue;
      visible_[name] = *replay.more_visible();
      any = true;
    }
    return any;
  }

  ImageReplay& replay_of(const std::string& name) {
    auto known = replays_.find(name);
    if (known == replays_.end())
      known = replays_.emplace(name, ImageReplay(name, *objects_, options_, visible_[name])).first;
    return known->second;
  }

  void build_all(size_t at) {
    const State& state = states_[at];
    const Era& era = *state.era;
    const CommitChanges commit{&history_.commits[at], state.files, &state.changes};
    std::set<std::string_view> done;
    for (const size_t index : era.needs->order()) {
      const std::string& name = era.names[index];
      if (!names_.contains(name)) continue;
      replay_of(name).add(commit, era.setups[index], needed_by(era, index));
      done.insert(name);
    }
    for (const std::string& name : names_) {
      if (!done.contains(name)) replay_of(name).add(commit, nullptr, {});
    }
  }

  ImageReplay::BuiltImages needed_by(const Era& era, size_t index) {
    ImageReplay::BuiltImages images;
    for (const auto& [reference, needed] : era.needs->of(index)) {
      plan::BuiltImage all;
      for (const auto& [other, may_be_other] : needed) {
        const plan::BuiltImage one = replay_of(era.names[other]).built();
        if (all.name.empty()) all.name = one.name;
        all.possible_state += one.possible_state;
        // Of several images of one name nobody knows which one is taken.
        if (needed.size() == 1 && !may_be_other) all.state = one.state;
      }
      all.arguments = project::arguments_with(era.project.images[index], reference);
      if (!all.name.empty()) images[reference] = std::move(all);
    }
    return images;
  }

  void add_notes() {
    std::set<std::string> submodules;
    std::set<std::string> attributes;
    for (const State& state : states_) {
      for (const TreeChange& change : state.changes) {
        const bool is_submodule =
            change.before == GitEntry::Type::kSubmodule || change.after == GitEntry::Type::kSubmodule;
        if (is_submodule) submodules.insert(change.path);
        if (text::base_name(change.path) == ".gitattributes") attributes.insert(change.path);
      }
    }
    const auto list = [](const std::set<std::string>& names) {
      constexpr size_t kShown = 3;
      return text::list_words(std::vector<std::string>(names.begin(), names.end()), kShown);
    };
    if (!submodules.empty())
      history_.notes.push_back(fmt::format(
          "a new commit of the submodule {} counts as a change of all its files", list(submodules)));
    if (!attributes.empty())
      history_.notes.push_back(fmt::format(
          "{} changed; what a checkout then writes differently (line ends, filters) is not counted",
          list(attributes)));
  }

  std::shared_ptr<const GitObjects> objects_;
  const Options& options_;
  History& history_;
  Eras eras_;
  std::vector<State> states_;
  std::set<std::string> names_;
  std::vector<std::string> asked_;
  std::set<const Era*> named_, seen_;                // whose images and plans are known
  std::map<std::string, VisibleByContext> visible_;  // by image
  std::map<std::string, ImageReplay> replays_;
  size_t prepared_ = 0, built_ = 0;  // commits
  size_t restarts_ = 0;
};

}  // namespace

tl::expected<History, std::string> replay(std::shared_ptr<const GitObjects> objects,
                                          std::vector<Commit> commits, const ReadImages& read,
                                          const Options& options) {
  History history;
  history.commits = std::move(commits);
  if (auto done = CommitReplay(std::move(objects), read, options, history).run(); !done)
    return tl::unexpected(std::move(done.error()));
  return history;
}

}  // namespace dcache::history
