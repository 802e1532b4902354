#include "dcache/observe/timeline.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "dcache/observe/name.h"
#include "dcache/observe/platforms.h"
#include "dcache/plan/image.h"

namespace dcache::observe {
namespace {

// Where a step is: image, the platform that it runs on, stage.
using StepPlace = std::tuple<std::string, std::string, std::string>;

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

constexpr double kNever = 1e300;
constexpr double kRounding = 0.001;  // seconds

bool takes_context(std::string_view text) {
  return text.starts_with("COPY ") || text.starts_with("ADD ") ||
         text.find("type=bind") != std::string_view::npos;
}

class Scheduler {
 public:
  Scheduler(const Log& log, size_t run) : images_(images_of(log, run)) {
    const auto [first, end] = log.builds_of(run);
    for (size_t i = first; i < end; ++i) {
      first_[i] = line_.bars.size();
      for (const Vertex& vertex : log.builds[i].vertices) {
        members_[i].push_back(line_.bars.size());
        line_.bars.push_back({.vertex = &vertex, .build = i});
      }
    }
    for (const Vertex& vertex : log.runs[run].shared)
      line_.bars.push_back({.vertex = &vertex, .build = std::nullopt});
  }

  Timeline make(std::span<const MatchedBuild> matched) {
    for (const Bar& bar : line_.bars)
      names_.push_back(read_name(bar.vertex->name, images_));
    add_inputs();
    add_named();
    add_images();
    for (const MatchedBuild& build : matched) {
      add_planned(build);
      add_shared(build);
    }
    add_preparations();
    add_exports();
    set_times();
    find_ready();
    std::vector<size_t> all(line_.bars.size());
    for (size_t i = 0; i < all.size(); ++i)
      all[i] = i;
    line_.critical = critical_path(all);
    for (const auto& [build, bars] : members_)
      line_.builds[build] = line_of(build, bars);
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
    std::map<StepPlace, std::map<size_t, PlatformChoices>> stages;        // bars by their number
    std::map<std::pair<std::string, std::string>, PlatformChoices> ends;  // the last bars, by image and stage
    const auto place = [&](const Name& name) {
      return StepPlace(name.image, read_platform(name.platform).own, name.stage);
    };
    for (size_t i = 0; i < names_.size(); ++i) {
      const Name& name = names_[i];
      if (!name.is_step()) continue;
      PlatformChoices& here = stages[place(name)][name.number];
      if (here.of(name.platform)) continue;
      here.add(name.platform, i);
      ends[{std::string(name.image), std::string(name.stage)}].add(name.platform, i, name.number);
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      const Name& name = names_[i];
      if (!name.is_step()) continue;
      const auto& own = stages[place(name)];
      const auto here = own.find(name.number);
      if (here != own.end() && here != own.begin() && here->second.of(name.platform) == i) {
        if (const auto before = std::prev(here)->second.below(name.platform)) add(i, *before);
      }
      const std::string_view from = source_stage(name.text);
      if (from.empty()) continue;
      const auto other = ends.find({std::string(name.image), std::string(from)});
      if (other == ends.end()) continue;
      if (const auto end = other->second.seen_by(name.platform)) add(i, *end);
    }
  }

  // A base image that belongs to no stage: that of a stage of which the log lacks the first step, and what
  // COPY --from names. A log of several such images does not tell which of them a stage starts from.
  void add_images() {
    std::map<std::pair<std::string_view, std::string_view>, std::vector<size_t>>
        images;  // by image, platform
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].is_image()) images[{names_[i].image, names_[i].platform}].push_back(i);
    }
    if (images.empty()) return;
    constexpr size_t kMost = 100;
    for (size_t i = 0; i < names_.size(); ++i) {
      const auto own = images.find({names_[i].image, names_[i].platform});
      if (!names_[i].is_step() || own == images.end()) continue;
      const bool is_first = line_.bars[i].after.empty() && names_[i].number > 1;
      if (is_first && own->second.size() == 1) add(i, own->second.front());
      const std::string_view from = source_stage(names_[i].text);
      if (from.empty()) continue;
      const std::string reference = plan::normal_reference(from);
      for (size_t at = 0; at < std::min(own->second.size(), kMost); ++at) {
        const std::string_view text = names_[own->second[at]].text.substr(5);  // after FROM
        const std::string_view tagged = text.substr(0, text.find('@'));
        if (plan::normal_reference(tagged) == reference) add(i, own->second[at]);
      }
    }
  }

  // The Dockerfile tells what starts from what, where the numbers don't: FROM of another stage.
  void add_planned(const MatchedBuild& matched) {
    std::map<size_t, PlatformChoices> bars;  // by step
    for (const ObservedStep& observed : matched.match->steps) {
      const size_t bar = first_[observed.build] + observed.vertex;
      bars[observed.step].add(names_[bar].platform, bar);
    }
    const plan::Graph& graph = *matched.graph;
    const auto result_of = [&](std::optional<size_t> step, std::string_view platform,
                               bool is_other_stage) -> std::optional<size_t> {
      for (; step; step = graph.steps[*step].below) {
        const auto choices = bars.find(*step);
        if (choices == bars.end()) continue;
        const auto bar = is_other_stage ? choices->second.seen_by(platform) : choices->second.below(platform);
        if (bar) return bar;
      }
      return std::nullopt;
    };
    for (const ObservedStep& observed : matched.match->steps) {
      const size_t bar = first_[observed.build] + observed.vertex;
      const std::string_view platform = names_[bar].platform;
      const plan::Step& planned = graph.steps[observed.step];
      if (const auto below = result_of(planned.below, platform, false)) add(bar, *below);
      for (const plan::Read& read : planned.reads) {
        if (read.origin != plan::Read::Origin::kStage) continue;
        if (const auto source = result_of(graph.stages[read.stage].last_step, platform, true))
          add(bar, *source);
      }
    }
  }

  // Steps that a build shares are in the log under the name of another one.
  void add_shared(const MatchedBuild& matched) {
    std::vector<size_t>& bars = members_[matched.build];
    for (const ObservedStep& observed : matched.match->steps) {
      if (observed.build != matched.build) bars.push_back(first_[observed.build] + observed.vertex);
    }
    std::ranges::sort(bars);
    const auto rest = std::ranges::unique(bars);
    bars.erase(rest.begin(), rest.end());
  }

  // Starting the builder comes first, then loading the definition, then the rest of what is internal, then
  // the steps.
  void add_preparations() {
    struct Loads {
      std::optional<size_t> definition, longest, context;
    };
    std::map<std::string, Loads, std::less<>> loads;
    std::optional<size_t> boot;
    const auto is = [&](size_t bar, std::string_view words) { return names_[bar].text.starts_with(words); };
    for (size_t i = 0; i < names_.size(); ++i) {
      if (is_boot(line_.bars[i].vertex->name)) {
        if (boot) add(i, *boot);
        boot = i;
        continue;
      }
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
      if (is_boot(line_.bars[i].vertex->name)) continue;
      const auto found = loads.find(names_[i].image);
      const bool is_work = is_step_or_image(i);
      if (found != loads.end()) {
        const Loads& of = found->second;
        if (is_work && of.context && takes_context(names_[i].text) && source_stage(names_[i].text).empty())
          add(i, *of.context);
        const bool is_later = is_work || i == of.context;
        if (is_later && of.longest) add(i, *of.longest);
        if (is_preparation(i) && !is_later && of.definition) add(i, *of.definition);
      }
      if (boot && line_.bars[i].after.empty() && (is_work || is_preparation(i))) add(i, *boot);
    }
  }

  bool is_step_or_image(size_t bar) const { return names_[bar].is_step() || names_[bar].is_image(); }

  bool is_preparation(size_t bar) const {
    return !is_step_or_image(bar) && !observe::is_export(names_[bar].text);
  }

  // What is neither a step nor a preparation comes after all that the log has before it for its image.
  void add_exports() {
    std::map<std::string, size_t, std::less<>> last;  // by image
    for (size_t i = 0; i < names_.size(); ++i) {
      if (is_step_or_image(i) || is_preparation(i) || !line_.bars[i].build) continue;
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
    constexpr double kTolerance = 0.5;
    std::optional<double> first, last;
    double longest = 0;
    for (const Bar& bar : line_.bars) {
      const Vertex& vertex = *bar.vertex;
      if (vertex.started) first = std::min(first.value_or(*vertex.started), *vertex.started);
      if (vertex.completed) last = std::max(last.value_or(*vertex.completed), *vertex.completed);
      longest = std::max(longest, vertex.seconds);
    }
    return last && longest <= *last - first.value_or(0) + kTolerance;
  }

  void set_times() {
    line_.is_estimated = !has_times();
    if (line_.is_estimated) {
      estimate();
    } else {
      for (Bar& bar : line_.bars)
        take_times(bar);
      settle();
      start_at_zero();
    }
    for (const Bar& bar : line_.bars)
      line_.seconds = std::max(line_.seconds, bar.end);
  }

  // A plain log tells how long a vertex took, and when its end was printed.
  static void take_times(Bar& bar) {
    const Vertex& vertex = *bar.vertex;
    if (!vertex.started) return;
    bar.start = *vertex.started;
    bar.end = bar.start + (vertex.ended ? 0 : vertex.seconds);
    if (!vertex.completed) return;
    bar.end = std::max(bar.start, *vertex.completed);
    if (is_plain(vertex)) bar.start = std::min(bar.start, bar.end - vertex.seconds);
  }

  // Only a record knows digests.
  static bool is_plain(const Vertex& vertex) { return vertex.digest.empty(); }

  // A CI service may get several lines at once, and say of all that they are of that moment. So a step of a
  // plain log ended when the first of those that needed it began, if that was earlier.
  void settle() {
    std::vector<size_t> waits(line_.bars.size());
    for (const Bar& bar : line_.bars) {
      for (const size_t after : bar.after)
        ++waits[after];
    }
    std::vector<double> latest(line_.bars.size(), kNever);
    std::map<size_t, double> exports;  // when the first one of a build began
    for (const size_t bar : exports_) {
      const auto known = exports.try_emplace(*line_.bars[bar].build, kNever).first;
      known->second = std::min(known->second, line_.bars[bar].start);
    }
    std::vector<size_t> ready;
    for (size_t i = 0; i < waits.size(); ++i)
      if (waits[i] == 0) ready.push_back(i);
    while (!ready.empty()) {
      const size_t at = ready.back();
      ready.pop_back();
      Bar& bar = line_.bars[at];
      const auto exported = bar.build && is_step_or_image(at) ? exports.find(*bar.build) : exports.end();
      if (exported != exports.end()) latest[at] = std::min(latest[at], exported->second);
      if (latest[at] < bar.end && bar.vertex->completed && is_plain(*bar.vertex)) {
        bar.end = latest[at];
        bar.start = std::min(bar.start, bar.end - bar.vertex->seconds);
      }
      for (const size_t after : bar.after) {
        const bool is_needed = is_step_or_image(after) || is_context(after);
        if (is_needed && bar.vertex->started) latest[after] = std::min(latest[after], bar.start);
        if (--waits[after] == 0) ready.push_back(after);
      }
    }
  }

  bool is_context(size_t bar) const { return names_[bar].text.starts_with("load build context"); }

  void start_at_zero() {
    double first = kNever;
    for (const Bar& bar : line_.bars) {
      if (bar.vertex->started) first = std::min(first, bar.start);
    }
    for (Bar& bar : line_.bars) {
      bar.start = bar.vertex->started ? bar.start - first : 0;
      bar.end = bar.vertex->started ? bar.end - first : 0;
    }
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
      later.start = end_of_build(bar);
      for (const size_t after : later.after)
        later.start = std::max(later.start, line_.bars[after].end);
      later.end = later.start + later.vertex->seconds;
    }
  }

  bool comes_last(size_t bar) const { return std::ranges::binary_search(exports_, bar); }

  // When all of the build of a bar had ended except exports.
  double end_of_build(size_t bar) {
    const size_t build = *line_.bars[bar].build;
    const auto [known, fresh] = build_ends_.try_emplace(build, 0);
    if (!fresh) return known->second;
    for (const size_t member : members_[build]) {
      if (!comes_last(member)) known->second = std::max(known->second, line_.bars[member].end);
    }
    return known->second;
  }

  // Back from the one of some bars that ended last, each time to the one of them that it waited for.
  std::vector<size_t> critical_path(const std::vector<size_t>& bars) const {
    std::vector<size_t> path;
    if (bars.empty()) return path;
    const auto by_end = [&](size_t a, size_t b) { return line_.bars[a].end < line_.bars[b].end; };
    size_t at = *std::ranges::max_element(bars, by_end);
    // What ended after the start was not waited for: of some preparations it is only assumed that they are
    // needed.
    const auto by_wait = [&](size_t a, size_t b) {
      const auto rank = [&](size_t bar) {
        const bool is_in_time = ready_[bar] <= line_.bars[at].start + kRounding;
        return std::tuple(is_in_time, ready_[bar], !line_.bars[bar].vertex->cached);
      };
      return rank(a) < rank(b);
    };
    std::vector<bool> seen(line_.bars.size());
    while (!seen[at]) {
      seen[at] = true;
      path.push_back(at);
      std::vector<size_t> before = line_.bars[at].after;
      std::erase_if(before, [&](size_t bar) { return !std::ranges::binary_search(bars, bar); });
      if (before.empty() && comes_last(at)) before = members_before(at);
      if (before.empty()) break;
      at = *std::ranges::max_element(before, by_wait);
    }
    std::ranges::reverse(path);
    return path;
  }

  // When the result of each bar was there. A step that was reused could have been as soon as what it needs
  // was there, however late the log says so: it is often looked up only when the step after it starts.
  void find_ready() {
    std::vector<size_t> waits(line_.bars.size());
    std::vector<std::vector<size_t>> next(line_.bars.size());
    std::vector<size_t> known;
    for (size_t i = 0; i < line_.bars.size(); ++i) {
      ready_.push_back(line_.bars[i].end);
      waits[i] = line_.bars[i].after.size();
      for (const size_t after : line_.bars[i].after)
        next[after].push_back(i);
      if (waits[i] == 0) known.push_back(i);
    }
    while (!known.empty()) {
      const size_t at = known.back();
      known.pop_back();
      const Bar& bar = line_.bars[at];
      if (bar.vertex->cached) {
        ready_[at] = 0;
        for (const size_t after : bar.after)
          ready_[at] = std::max(ready_[at], ready_[after]);
        // It may have been worked on at several times.
        ready_[at] += std::min(bar.end - bar.start, bar.vertex->seconds);
      }
      for (const size_t follower : next[at])
        if (--waits[follower] == 0) known.push_back(follower);
    }
  }

  // What the build of an export did before it.
  std::vector<size_t> members_before(size_t bar) const {
    std::vector<size_t> before = members_.at(*line_.bars[bar].build);
    std::erase_if(before, [&](size_t member) { return comes_last(member); });
    return before;
  }

  BuildLine line_of(size_t build, const std::vector<size_t>& bars) const {
    BuildLine line;
    if (bars.empty()) return line;
    line.start = kNever;
    for (const size_t bar : bars) {
      // What was reused for another image tells nothing of when this one began.
      if (line_.bars[bar].build != build && line_.bars[bar].vertex->cached) continue;
      line.start = std::min(line.start, line_.bars[bar].start);
      line.end = std::max(line.end, line_.bars[bar].end);
    }
    line.start = std::min(line.start, line.end);
    const std::vector<size_t> path = critical_path(bars);
    double until = line.end;
    for (auto bar = path.rbegin(); bar != path.rend(); ++bar) {
      const Bar& on_path = line_.bars[*bar];
      const double seconds = std::max(0.0, std::min(on_path.end, until) - on_path.start);
      line.critical.push_back({*bar, std::min(seconds, on_path.vertex->seconds)});
      until = std::min(until, on_path.start);
    }
    std::ranges::reverse(line.critical);
    return line;
  }

  const ImageNames images_;
  Timeline line_;
  std::vector<Name> names_;         // of the bars
  std::map<size_t, size_t> first_;  // by build: the index of its first bar
  std::vector<size_t> exports_;     // bars, rising
  std::map<size_t, std::vector<size_t>>
      members_;  // by build: its bars, and those of steps that it shares; rising
  std::map<size_t, double> build_ends_;
  std::vector<double> ready_;  // by bar
};

}  // namespace

Timeline timeline_of(const Log& log, size_t run, std::span<const MatchedBuild> matched) {
  return Scheduler(log, run).make(matched);
}

}  // namespace dcache::observe
