#include "dcache/observe/timeline.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "dcache/observe/name.h"

namespace dcache::observe {
namespace {

// Where a step is: image, platform, stage.
using Place = std::tuple<std::string, std::string, std::string>;

// The stage that a step copies or mounts from, by its text; empty for none.
std::string_view source_stage(std::string_view text) {
  for (const std::string_view flag : {"--from=", ",from=", "=from="}) {
    const size_t at = text.find(flag);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = text.substr(at + flag.size());
    return rest.substr(0, rest.find_first_of(" ,"));
  }
  return "";
}

bool takes_context(std::string_view text) {
  return text.starts_with("COPY ") || text.starts_with("ADD ") ||
         text.find("type=bind") != std::string_view::npos;
}

class Scheduler {
 public:
  Scheduler(const Log& log, size_t run) : images_(images_of(log, run)) {
    for (size_t i = 0; i < log.builds.size(); ++i) {
      if (log.builds[i].run != run) continue;
      first_[i] = line_.bars.size();
      for (const Vertex& vertex : log.builds[i].vertices)
        line_.bars.push_back({.vertex = &vertex, .build = i});
    }
    for (const Vertex& vertex : log.runs[run].shared)
      line_.bars.push_back({.vertex = &vertex, .build = std::nullopt});
  }

  Timeline make(std::span<const MatchedBuild> matched) {
    for (const Bar& bar : line_.bars)
      names_.push_back(read_name(bar.vertex->name, images_));
    add_inputs();
    add_named();
    for (const MatchedBuild& build : matched)
      add_planned(build);
    add_preparations();
    add_exports();
    set_times();
    find_critical();
    return std::move(line_);
  }

 private:
  void add(size_t bar, size_t after) {
    if (bar != after) line_.bars[bar].after.push_back(after);
  }

  // A record tells what each vertex was made from.
  void add_inputs() {
    std::unordered_map<std::string, size_t> by_digest;
    for (size_t i = 0; i < line_.bars.size(); ++i) {
      if (!line_.bars[i].vertex->digest.empty()) by_digest.try_emplace(line_.bars[i].vertex->digest, i);
    }
    for (size_t i = 0; i < line_.bars.size(); ++i) {
      for (const std::string& input : line_.bars[i].vertex->inputs) {
        const auto found = by_digest.find(input);
        if (found != by_digest.end()) add(i, found->second);
      }
    }
  }

  void add_named() {
    std::map<Place, std::map<size_t, size_t>> stages;  // bars by their number
    const auto place = [&](const Name& name, std::string_view stage) {
      return Place(name.image, name.platform, stage);
    };
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].is_step()) stages[place(names_[i], names_[i].stage)].emplace(names_[i].number, i);
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      const Name& name = names_[i];
      if (!name.is_step()) continue;
      const auto& own = stages[place(name, name.stage)];
      const auto here = own.find(name.number);
      if (here != own.end() && here != own.begin() && here->second == i) add(i, std::prev(here)->second);
      const std::string_view from = source_stage(name.text);
      if (from.empty()) continue;
      const auto other = stages.find(place(name, from));
      if (other != stages.end() && !other->second.empty()) add(i, other->second.rbegin()->second);
    }
  }

  // The Dockerfile tells what starts from what, where the numbers don't: FROM of another stage.
  void add_planned(const MatchedBuild& matched) {
    std::map<size_t, size_t> bars;  // by step
    for (const Observed& observed : matched.match->steps)
      bars[observed.step] = first_[observed.build] + observed.vertex;
    const plan::Graph& graph = *matched.graph;
    const auto result_of = [&](std::optional<size_t> step) -> std::optional<size_t> {
      while (step && !bars.contains(*step))
        step = graph.steps[*step].below;
      return step ? std::optional(bars[*step]) : std::nullopt;
    };
    for (const auto& [step, bar] : bars) {
      const plan::Step& planned = graph.steps[step];
      if (const auto below = result_of(planned.below)) add(bar, *below);
      for (const plan::Read& read : planned.reads) {
        if (read.origin != plan::Read::Origin::kStage) continue;
        if (const auto source = result_of(graph.stages[read.stage].last_step)) add(bar, *source);
      }
    }
  }

  // Loading the definition comes first, then the rest of what is internal, then the steps.
  void add_preparations() {
    struct Loads {
      std::optional<size_t> definition, longest, context;
    };
    std::map<std::string, Loads, std::less<>> loads;
    const auto is = [&](size_t bar, std::string_view words) { return names_[bar].text.starts_with(words); };
    for (size_t i = 0; i < names_.size(); ++i) {
      if (!is_preparation(i)) continue;
      Loads& of = loads[std::string(names_[i].image)];
      const double seconds = line_.bars[i].vertex->seconds;
      if (is(i, "load build definition") && !of.definition) {
        of.definition = i;
      } else if (is(i, "load build context") || is(i, "load remote build context")) {
        of.context = i;
      } else if (!of.longest || line_.bars[*of.longest].vertex->seconds < seconds) {
        of.longest = i;
      }
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      const auto found = loads.find(names_[i].image);
      if (found == loads.end()) continue;
      const Loads& of = found->second;
      const bool is_step = names_[i].is_step();
      if (is_step && of.context && takes_context(names_[i].text) && source_stage(names_[i].text).empty())
        add(i, *of.context);
      const bool is_later = is_step || i == of.context;
      if (is_later && of.longest) add(i, *of.longest);
      if (is_preparation(i) && !is_later && of.definition) add(i, *of.definition);
    }
  }

  bool is_preparation(size_t bar) const {
    return !names_[bar].is_step() && !observe::is_export(names_[bar].text);
  }

  // What is neither a step nor a preparation comes after all that the log has before it for its image.
  void add_exports() {
    std::map<std::string, size_t, std::less<>> last;  // by image
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].is_step() || is_preparation(i) || !line_.bars[i].build) continue;
      exports_.push_back(i);
      const std::string image(names_[i].image);
      const auto before = last.find(image);
      if (before != last.end()) add(i, before->second);
      last[image] = i;
    }
  }

  // Whether the log tells when things happened. The times of a CI service that got all lines at once are not
  // those: something took longer than from the first of them to the last.
  bool has_times() const {
    constexpr double kRounding = 0.5;
    std::optional<double> first, last;
    double longest = 0;
    for (const Bar& bar : line_.bars) {
      const Vertex& vertex = *bar.vertex;
      if (vertex.started) first = std::min(first.value_or(*vertex.started), *vertex.started);
      if (vertex.completed) last = std::max(last.value_or(*vertex.completed), *vertex.completed);
      longest = std::max(longest, vertex.seconds);
    }
    return last && longest <= *last - first.value_or(0) + kRounding;
  }

  void set_times() {
    line_.is_estimated = !has_times();
    if (line_.is_estimated) {
      estimate();
    } else {
      double first = 1e300;
      for (const Bar& bar : line_.bars) {
        if (bar.vertex->started) first = std::min(first, *bar.vertex->started);
      }
      for (Bar& bar : line_.bars) {
        bar.start = bar.vertex->started.value_or(first) - first;
        bar.end = bar.start + (bar.vertex->ended ? 0 : bar.vertex->seconds);
        if (bar.vertex->completed) bar.end = std::max(bar.start, *bar.vertex->completed - first);
      }
    }
    for (const Bar& bar : line_.bars)
      line_.seconds = std::max(line_.seconds, bar.end);
  }

  // Each bar once those that it comes after are done. Bars in a circle, which only a log that nobody printed
  // can have, start at once.
  void estimate() {
    std::vector<size_t> waits(line_.bars.size());
    std::vector<std::vector<size_t>> next(line_.bars.size());
    for (size_t i = 0; i < line_.bars.size(); ++i) {
      waits[i] = line_.bars[i].after.size();
      for (const size_t after : line_.bars[i].after)
        next[after].push_back(i);
    }
    std::vector<size_t> ready;
    for (size_t i = 0; i < waits.size(); ++i) {
      line_.bars[i].end = line_.bars[i].vertex->seconds;
      if (waits[i] == 0 && !comes_last(i)) ready.push_back(i);
    }
    double steps_end = 0;
    while (!ready.empty()) {
      const size_t bar = ready.back();
      ready.pop_back();
      steps_end = std::max(steps_end, line_.bars[bar].end);
      for (const size_t follower : next[bar]) {
        Bar& later = line_.bars[follower];
        later.start = std::max(later.start, line_.bars[bar].end);
        later.end = later.start + later.vertex->seconds;
        if (--waits[follower] == 0 && !comes_last(follower)) ready.push_back(follower);
      }
    }
    for (const size_t bar : exports_) {
      Bar& later = line_.bars[bar];
      later.start = end_of_image(bar);
      for (const size_t after : later.after)
        later.start = std::max(later.start, line_.bars[after].end);
      later.end = later.start + later.vertex->seconds;
    }
  }

  bool comes_last(size_t bar) const { return std::ranges::binary_search(exports_, bar); }

  // When the steps of the image of a bar had ended.
  double end_of_image(size_t bar) {
    if (image_ends_.empty()) {
      for (size_t i = 0; i < line_.bars.size(); ++i) {
        if (comes_last(i)) continue;
        double& end = image_ends_[std::string(names_[i].image)];
        end = std::max(end, line_.bars[i].end);
      }
    }
    return image_ends_[std::string(names_[bar].image)];
  }

  // Back from the bar that ended last, each time to the one that it waited for.
  void find_critical() {
    if (line_.bars.empty()) return;
    const auto by_end = [&](size_t a, size_t b) { return line_.bars[a].end < line_.bars[b].end; };
    // A step that was reused took no time, however late the log says so.
    const auto by_wait = [&](size_t a, size_t b) {
      const auto rank = [&](size_t bar) {
        return std::pair(!line_.bars[bar].vertex->cached, line_.bars[bar].end);
      };
      return rank(a) < rank(b);
    };
    std::vector<size_t> all(line_.bars.size());
    for (size_t i = 0; i < all.size(); ++i)
      all[i] = i;
    size_t at = *std::ranges::max_element(all, by_end);
    std::vector<bool> seen(all.size());
    while (!seen[at]) {
      seen[at] = true;
      line_.critical.push_back(at);
      std::vector<size_t> before = line_.bars[at].after;
      if (before.empty() && comes_last(at)) before = last_steps(at);
      if (before.empty()) break;
      at = *std::ranges::max_element(before, by_wait);
    }
    std::ranges::reverse(line_.critical);
  }

  // The step of the image that ended last before an export.
  std::vector<size_t> last_steps(size_t bar) const {
    std::optional<size_t> last;
    for (size_t i = 0; i < line_.bars.size(); ++i) {
      if (comes_last(i) || names_[i].image != names_[bar].image) continue;
      if (!last || line_.bars[*last].end < line_.bars[i].end) last = i;
    }
    return last ? std::vector<size_t>{*last} : std::vector<size_t>();
  }

  const ImageNames images_;
  Timeline line_;
  std::vector<Name> names_;         // of the bars
  std::map<size_t, size_t> first_;  // by build: the index of its first bar
  std::vector<size_t> exports_;     // bars, rising
  std::map<std::string, double> image_ends_;
};

}  // namespace

Timeline timeline_of(const Log& log, size_t run, std::span<const MatchedBuild> matched) {
  return Scheduler(log, run).make(matched);
}

}  // namespace dcache::observe
