#include "dcache/history/visible_paths.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "dcache/cache/writes.h"
#include "dcache/text/path.h"

namespace dcache::history {
namespace {

using context::depth_of;
using context::VisiblePaths;
using plan::Read;
using plan::Selector;
using plan::Step;

// "/src" is "src", and "/" is "".
std::string unrooted(std::string_view path) {
  const std::string clean = text::clean_path(path.substr(std::min(path.find_first_not_of('/'), path.size())));
  return clean == "." ? std::string() : clean;
}

bool has_patterns(const Selector& selector) {
  return !selector.include.empty() || !selector.exclude.empty();
}

class VisiblePathSearch {
 public:
  VisiblePathSearch(const plan::Graph& graph, VisibleByContext& visible) : graph_(graph), visible_(visible) {}

  void run() {
    for (const Step& step : graph_.steps) {
      for (const Read& read : step.reads)
        add_read(read);
      add_written(step);
    }
    while (!todo_.empty()) {
      const Place place = todo_.back();
      todo_.pop_back();
      for (auto at = graph_.stages[place.stage].last_step; at; at = graph_.steps[*at].below)
        trace(place, graph_.steps[*at]);
    }
  }

 private:
  // A path in the image of a stage that something looks at; with `below`, at single files below it too.
  struct Place {
    size_t stage = 0;
    std::string path;  // "app/src"
    bool below = false;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  static constexpr size_t kMostPlaces = 1000;

  static bool is_of_context(const Read& read) {
    return read.origin == Read::Origin::kContext || read.origin == Read::Origin::kNamedContext;
  }

  void add_read(const Read& read) {
    if (!is_of_context(read)) {
      if (read.origin != Read::Origin::kStage) return;
      for (const Selector& selector : read.selectors)
        look_at({read.stage, folder_of(selector), selector.wildcard || has_patterns(selector)});
      return;
    }
    VisiblePaths& visible = visible_[read.name];
    for (const Selector& selector : read.selectors) {
      const std::string path = unrooted(selector.path);
      if (has_patterns(selector)) {
        visible.regions.push_back({folder_of(selector), VisiblePaths::kWhole});
      } else if (selector.wildcard) {
        visible.regions.push_back({folder_of(selector), depth_of(path)});
      } else {
        visible.paths.push_back(path);
      }
    }
  }

  // Where a step writes: what other steps brought may be there already.
  void add_written(const Step& step) {
    if (step.kind == Step::Kind::kCopy || step.kind == Step::Kind::kWorkdir)
      look_at({step.stage, unrooted(step.destination), false});
    if (step.kind != Step::Kind::kRun) return;
    const cache::RunWrites written = cache::writes_of(step);
    for (const auto* const paths : {&written.created, &written.links, &written.stubs}) {
      for (const std::string& path : *paths)
        look_at({step.stage, unrooted(path), false});
    }
    for (const std::string& path : written.paths.value_or(std::vector<std::string>()))
      look_at({step.stage, unrooted(path), false});
  }

  void look_at(Place place) {
    if (known_.size() >= kMostPlaces) {
      for (auto& [name, visible] : visible_)
        visible.regions.push_back({"", VisiblePaths::kWhole});
      return;
    }
    if (known_.insert(place).second) todo_.push_back(std::move(place));
  }

  // What a COPY would have to take for a place to have it.
  void trace(const Place& place, const Step& copy) {
    if (copy.kind != Step::Kind::kCopy) return;
    const std::string destination = unrooted(copy.destination);
    const bool is_inside = destination.empty() || text::is_within(place.path, destination);
    const bool is_above = place.path.empty() || text::is_within(destination, place.path);
    if (!is_inside && !(is_above && place.below)) return;
    // Of a file that gets the name of the destination nothing is left.
    std::string left = is_inside ? place.path.substr(std::min(destination.size(), place.path.size())) : "";
    left = unrooted(left);
    for (const Read& read : copy.reads) {
      for (const Selector& selector : read.selectors)
        trace(place, left, read, selector);
    }
  }

  void trace(const Place& place, const std::string& left, const Read& read, const Selector& selector) {
    const std::string folder = folder_of(selector);
    const std::string path = unrooted(text::join_path(folder, left));
    const bool is_plain = !selector.wildcard && !has_patterns(selector);
    if (read.origin == Read::Origin::kImage) return;
    if (read.origin == Read::Origin::kStage) {
      look_at(is_plain ? Place{read.stage, path, place.below} : Place{read.stage, folder, true});
    } else if (place.below || has_patterns(selector)) {
      visible_[read.name].regions.push_back({is_plain ? path : folder, VisiblePaths::kWhole});
    } else if (selector.wildcard) {
      // The pattern may match the place, or a folder that has it.
      const size_t depth = depth_of(unrooted(selector.path)) + depth_of(left);
      visible_[read.name].regions.push_back({folder, depth});
    } else if (!left.empty()) {
      visible_[read.name].paths.push_back(path);
    }
  }

  const plan::Graph& graph_;
  VisibleByContext& visible_;
  std::set<Place> known_;
  std::vector<Place> todo_;
};

template <typename T>
void sort_once(std::vector<T>& all) {
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
}

}  // namespace

std::string folder_of(const Selector& selector) {
  const std::string path = unrooted(selector.path);
  if (!selector.wildcard) return path;
  const size_t slash = path.rfind('/', path.find_first_of("*?[\\"));
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

void add_visible_paths(const plan::Graph& graph, VisibleByContext& visible) {
  VisiblePathSearch(graph, visible).run();
  for (auto& [name, of_context] : visible) {
    sort_once(of_context.paths);
    sort_once(of_context.regions);
  }
}

bool add_link_targets(const context::Snapshot& files, VisiblePaths& visible) {
  if (files.links().empty()) return false;
  std::set<std::string> more;
  std::set<VisiblePaths::Region> more_regions;
  const auto target_of = [&](const context::Record& link, std::string_view left) {
    const auto target = files.follow(link.path);
    return target ? std::optional(unrooted(*target + '/' + std::string(left))) : std::nullopt;
  };
  const auto add = [&](const context::Record& link, std::string_view left) {
    if (auto target = target_of(link, left)) more.insert(std::move(*target));
  };
  for (const context::Record& link : files.links()) {
    for (const std::string& path : visible.paths) {
      if (text::is_within(path, link.path)) add(link, std::string_view(path).substr(link.path.size()));
    }
    for (const VisiblePaths::Region& region : visible.regions) {
      if (text::is_within(region.folder, link.path)) {
        const auto target = target_of(link, std::string_view(region.folder).substr(link.path.size()));
        if (target) more_regions.insert({*target, VisiblePaths::kWhole});
      } else if (region.folder.empty() || text::is_within(link.path, region.folder)) {
        add(link, {});
      }
    }
  }
  const size_t before = visible.paths.size() + visible.regions.size();
  constexpr size_t kMostPaths = 2000;
  if (visible.paths.size() + more.size() > kMostPaths) {
    visible.regions.push_back({"", VisiblePaths::kWhole});
  } else {
    visible.paths.insert(visible.paths.end(), more.begin(), more.end());
    visible.regions.insert(visible.regions.end(), more_regions.begin(), more_regions.end());
  }
  sort_once(visible.paths);
  sort_once(visible.regions);
  return visible.paths.size() + visible.regions.size() > before;
}

}  // namespace dcache::history
