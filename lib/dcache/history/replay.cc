#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/history/era.h"
#include "dcache/history/history.h"
#include "dcache/history/image_replay.h"
#include "dcache/history/kept_replay.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
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
  // There has to be a commit; `newest` is the era of the newest one.
  CommitReplay(std::shared_ptr<const GitObjects> objects, const ReadImages& read, const Options& options,
               History& history, const Era& newest)
      : objects_(std::move(objects)), options_(options), history_(history), eras_(objects_, read) {
    states_.resize(history_.commits.size());
    for (const size_t index : newest.meant) {
      const std::string& name = newest.names[index];
      if (names_.insert(name).second) asked_.push_back(name);
    }
    eras_.name_as_in(newest);
  }

  // Goes on with what an earlier replay left. False if that can't be; then the object is of no use.
  bool resume(KeptReplay kept) {
    if (kept.commits.empty()) return false;
    const auto newest = std::ranges::find(history_.commits, kept.commits.back(), &Commit::id);
    const auto first = std::ranges::find(kept.commits, history_.commits.front().id);
    const auto same = std::ranges::mismatch(first, kept.commits.end(), history_.commits.begin(),
                                            history_.commits.end(), {}, {}, &Commit::id);
    if (newest == history_.commits.end() || first == kept.commits.end() || same.in1 != kept.commits.end())
      return false;
    std::set<std::string> images;
    for (KeptImage& image : kept.images) {
      images.insert(image.name);
      visible_[image.name] = image.visible;
    }
    const auto is_kept = [&](const std::string& name) { return images.contains(name); };
    if (!std::ranges::all_of(names_, is_kept)) return false;
    names_ = images;
    prepared_ = static_cast<size_t>(newest - history_.commits.begin());
    const auto already = static_cast<size_t>(first - kept.commits.begin());
    add_state({});
    built_ = prepared_;
    const VisibleByImage visible = visible_;
    add_names(*states_[built_ - 1].era);
    add_visible(*states_[built_ - 1].era);
    if (names_ != images || visible_ != visible) return false;
    for (KeptImage& image : kept.images) {
      ImageReplay& replay = replay_of(image.name);
      replay.restore(std::move(image), already);
    }
    const auto take = [&](std::vector<std::pair<size_t, std::string>>& from, Paths& to) {
      for (auto& [commit, path] : from) {
        if (commit >= already) to.emplace_back(commit - already, std::move(path));
      }
    };
    take(kept.submodules, submodules_);
    take(kept.attributes, attributes_);
    resumed_ = true;
    return resume_images() && !links_show_more();
  }

  tl::expected<void, std::string> run() {
    std::string failure;
    const size_t begin = prepared_;
    const auto changes_at = [this, begin](size_t at) { return this->changes_at(begin + at); };
    const auto take = [&](Changes changes) {
      if (!failure.empty()) return;
      if (!changes) {
        failure = std::move(changes.error());
        return;
      }
      add_state(std::move(*changes));
      if (restarts_ <= kMostRestarts && !has_to_restart()) build_prepared();
    };
    // Git's objects are read while the images are worked out.
    constexpr size_t kLeast = 200;
    const size_t count = states_.size() - begin;
    threads::in_order(count, threads::helpers_for(count, kLeast), changes_at, take);
    if (!failure.empty()) return tl::unexpected(std::move(failure));
    if (has_to_restart()) return {};
    if (restarts_ > kMostRestarts) {
      look_at_all();
      build_prepared();
    }
    if (options_.keeps) history_.kept = to_text(keep());
    for (const std::string& name : asked_)
      history_.images.push_back(replay_of(name).finish());
    add_notes();
    return {};
  }

  // Whether run() found that it can't go on from where an earlier replay ended: a commit shows more than was
  // seen before. Then the object is of no use.
  bool has_to_restart() const { return resumed_ && restarts_ > 0; }

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
    for (const TreeChange& change : state.changes) {
      const bool is_submodule =
          change.before == GitEntry::Type::kSubmodule || change.after == GitEntry::Type::kSubmodule;
      if (is_submodule) submodules_.emplace_back(prepared_, change.path);
      if (text::base_name(change.path) == ".gitattributes") attributes_.emplace_back(prepared_, change.path);
    }
    ++prepared_;
  }

  // Builds the last commit of an earlier replay again, without counting it.
  bool resume_images() {
    const State& state = states_[built_ - 1];
    const CommitChanges commit{&history_.commits[built_ - 1], state.files, &state.changes};
    return for_each_image(*state.era, [&](const std::string& name, std::shared_ptr<const Setup> setup,
                                          const ImageReplay::BuiltImages& needed) {
      return replay_of(name).resume(commit, std::move(setup), needed);
    });
  }

  KeptReplay keep() {
    KeptReplay kept;
    for (const Commit& commit : history_.commits)
      kept.commits.push_back(commit.id);
    for (const std::string& name : names_)
      kept.images.push_back(replay_of(name).keep());
    kept.submodules = submodules_;
    kept.attributes = attributes_;
    return kept;
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
        if (has_to_restart()) return;
        continue;
      }
      build_all(built_);
      if (links_show_more()) {
        replays_.clear();
        built_ = 0;
        if (resumed_) ++restarts_;
        if (has_to_restart()) return;
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
    const CommitChanges commit{&history_.commits[at], state.files, &state.changes};
    for_each_image(*state.era, [&](const std::string& name, std::shared_ptr<const Setup> setup,
                                   const ImageReplay::BuiltImages& needed) {
      replay_of(name).add(commit, std::move(setup), needed);
      return true;
    });
  }

  // Calls `visit` with the name, the setup and the needed images of each, those that others need first, until
  // it returns false. Images that are not there have no setup. Whether all were visited.
  template <typename Visit>
  bool for_each_image(const Era& era, const Visit& visit) {
    std::set<std::string_view> done;
    for (const size_t index : era.needs->order()) {
      const std::string& name = era.names[index];
      if (!names_.contains(name)) continue;
      if (!visit(name, era.setups[index], needed_by(era, index))) return false;
      done.insert(name);
    }
    return std::ranges::all_of(names_, [&](const std::string& name) {
      return done.contains(name) || visit(name, nullptr, ImageReplay::BuiltImages());
    });
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

  // What the arguments that CI changes are given at the newest commit.
  void add_notes_on_arguments() {
    std::map<std::string, std::set<std::string>> given;  // by name
    const Era& newest = *states_.back().era;
    for (const std::string& name : asked_) {
      const auto index = newest.find(name);
      if (!index) continue;
      for (const auto& [argument, value] : newest.setups[*index]->varying)
        given[argument].insert(value.text);
    }
    for (const auto& [argument, values] : given)
      history_.notes.push_back(
          fmt::format("the build argument {} has another value at each commit, since CI gives it {}",
                      argument, text::list_words(std::vector<std::string>(values.begin(), values.end()))));
  }

  void add_notes() {
    add_notes_on_arguments();
    add_note_on_filters();
    const auto paths_of = [](const Paths& changes) {
      std::set<std::string> paths;
      for (const auto& [commit, path] : changes)
        paths.insert(path);
      return paths;
    };
    const std::set<std::string> submodules = paths_of(submodules_);
    const std::set<std::string> attributes = paths_of(attributes_);
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

  // Git has other contents than a checkout: what filters make of them is for other programs.
  void add_note_on_filters() {
    const auto attributes =
        files_of(history_.commits.size() - 1)
            ->read(text::join_path(objects_->repository().root(), context::kAttributesName));
    if (!attributes) return;
    static const RE2 kFilter(R"((?m)^[^#\n]*\sfilter=([^\s]+))");
    std::set<std::string> filters;
    std::string name;
    for (re2::StringPiece rest = text::piece(*attributes); RE2::FindAndConsume(&rest, kFilter, &name);)
      filters.insert(name == "lfs" ? "Git LFS" : name);
    if (filters.empty()) return;
    history_.notes.push_back(
        fmt::format("files with the filter {} (.gitattributes) count as changed when what git stores of them "
                    "changes, such as the pointer of a large file",
                    text::list_words(std::vector<std::string>(filters.begin(), filters.end()))));
  }

  std::shared_ptr<const GitObjects> objects_;
  const Options& options_;
  History& history_;
  Eras eras_;
  std::vector<State> states_;
  std::set<std::string> names_;
  std::vector<std::string> asked_;
  std::set<const Era*> named_, seen_;  // whose images and plans are known
  using VisibleByImage = std::map<std::string, VisibleByContext>;
  VisibleByImage visible_;
  std::map<std::string, ImageReplay> replays_;
  size_t prepared_ = 0, built_ = 0;  // commits
  size_t restarts_ = 0;
  bool resumed_ = false;
  using Paths = std::vector<std::pair<size_t, std::string>>;  // by commit
  Paths submodules_, attributes_;
};

}  // namespace

tl::expected<History, std::string> replay(const std::shared_ptr<const GitObjects>& objects,
                                          std::vector<Commit> commits, const ReadImages& read,
                                          const Options& options) {
  History history;
  history.commits = std::move(commits);
  if (history.commits.empty()) return history;
  const auto files = std::make_shared<const CommitFiles>(objects, history.commits.back().tree, options.here);
  const std::shared_ptr<const Era> newest = Eras(objects, read).read(files);
  if (options.kept != nullptr) {
    CommitReplay rest(objects, read, options, history, *newest);
    if (rest.resume(*options.kept)) {
      if (auto done = rest.run(); !done) return tl::unexpected(std::move(done.error()));
      if (!rest.has_to_restart()) return history;
    }
  }
  if (auto done = CommitReplay(objects, read, options, history, *newest).run(); !done)
    return tl::unexpected(std::move(done.error()));
  return history;
}

}  // namespace dcache::history
