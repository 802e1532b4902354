#include "dcache/observe/match.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "dcache/plan/vertex_name.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::observe {
namespace {

constexpr std::string_view kTrigger = "ONBUILD ";
constexpr std::string_view kFrom = "FROM ";

// The text of a step as it can be compared: without the digest that BuildKit adds to a base image, and
// without the word for what ONBUILD put off, which not every BuildKit writes.
std::string comparable(std::string_view text) {
  if (text.starts_with(kTrigger)) text.remove_prefix(kTrigger.size());
  if (!text.starts_with(kFrom)) return std::string(text);
  return std::string(text.substr(0, text.find('@')));
}

std::string_view keyword_of(std::string_view text) {
  if (text.starts_with(kTrigger)) text.remove_prefix(kTrigger.size());
  return text.substr(0, text.find(' '));
}

// Whether the name of a vertex can be that of an instruction with unknown variables in it: it has all words
// that are plain. BuildKit leaves out the end of a long name.
bool may_be(std::string_view instruction, std::string_view text) {
  constexpr std::string_view kNotPlain = "$\"'\\`<[]";
  if (text.ends_with("...")) return true;
  const std::string with_blanks = fmt::format(" {} ", comparable(text));
  const std::string words = comparable(instruction);
  for (size_t at = 0; at < words.size();) {
    const size_t end = std::min(words.find_first_of(" \t\n", at), words.size());
    const std::string_view word = std::string_view(words).substr(at, end - at);
    at = end + 1;
    if (word.find_first_of(kNotPlain) != std::string_view::npos) continue;
    if (with_blanks.find(fmt::format(" {} ", word)) == std::string::npos) return false;
  }
  return true;
}

// The keys that a step can be found by, the surest first.
struct Keys {
  std::string whole;     // stage, number and text
  std::string in_stage;  // stage and text
  std::string numbered;  // stage, number and keyword
  std::string text;
};

Keys keys_of(std::string_view stage, size_t number, size_t total, std::string_view text) {
  const std::string words = comparable(text);
  return {fmt::format("{} {}/{} {}", stage, number, total, words), fmt::format("{} {}", stage, words),
          fmt::format("{} {}/{} {}", stage, number, total, keyword_of(text)), words};
}

// Of a vertex: its build, and its index there.
using VertexPlace = std::pair<size_t, size_t>;
using Index = std::unordered_map<std::string, std::vector<size_t>>;

class Matcher {
 public:
  Matcher(const dockerfile::File& file, const plan::Graph& graph, const Log& log, size_t build)
      : graph_(graph), log_(log), build_(build) {
    index_steps(plan::VertexNames(file, graph));
  }

  Match run() {
    const Build& build = log_.builds[build_];
    images_ = images_of(log_, build.run);
    std::vector<size_t> left;
    for (size_t i = 0; i < build.vertices.size(); ++i) {
      const Name name = read_name(build.vertices[i].name, images_);
      if (name.is_step() || name.is_image()) left.push_back(i);
    }
    take(left, by_whole_, &Keys::whole);
    match_.exact = match_.steps.size();
    take(left, by_stage_, &Keys::in_stage);
    take(left, by_number_, &Keys::numbered);
    take(left, by_text_, &Keys::text);
    take_again(left);
    // An image that only COPY --from names is not a step.
    std::erase_if(left,
                  [&](size_t vertex) { return read_name(build.vertices[vertex].name, images_).is_image(); });
    match_.unmatched = std::move(left);
    take_shared();
    std::ranges::sort(match_.steps, {},
                      [](const ObservedStep& observed) { return std::pair(observed.step, observed.vertex); });
    return std::move(match_);
  }

 private:
  void index_steps(const plan::VertexNames& names) {
    for (size_t step = 0; step < graph_.steps.size(); ++step) {
      const plan::Step& planned = graph_.steps[step];
      const auto number = names.number(step);
      if (!planned.needed || !number) continue;
      const Keys keys =
          keys_of(names.stage(planned.stage), *number, names.total(planned.stage), names.text(step));
      by_whole_[keys.whole].push_back(step);
      by_stage_[keys.in_stage].push_back(step);
      by_number_[keys.numbered].push_back(step);
      by_text_[keys.text].push_back(step);
      numbers_.emplace(step, *number);
      numbered_.emplace_back(step, keys);
    }
  }

  // Finds the steps of the vertices that are left, by one of their keys. Of several steps with the same text
  // the first one that is free counts.
  void take(std::vector<size_t>& left, const Index& index, std::string Keys::*key) {
    const std::vector<Vertex>& vertices = log_.builds[build_].vertices;
    std::erase_if(left, [&](size_t vertex) {
      const Name name = read_name(vertices[vertex].name, images_);
      const Keys keys = keys_of(name.stage, name.number, name.total, name.text);
      const auto found = index.find(keys.*key);
      if (found == index.end()) return false;
      auto& next = next_[{&index, std::string(name.platform), found->first}];
      while (next < found->second.size()) {
        const size_t step = found->second[next++];
        if (key == &Keys::numbered && !may_be(graph_.steps[step].one_line(), name.text)) continue;
        if (!used_.try_emplace({step, std::string(name.platform)}, match_.steps.size()).second) continue;
        match_.steps.push_back({step, build_, vertex});
        return true;
      }
      return false;
    });
  }

  // Images whose contexts or options differ may have two vertices of one name: of the same step.
  void take_again(std::vector<size_t>& left) {
    const std::vector<Vertex>& vertices = log_.builds[build_].vertices;
    std::erase_if(left, [&](size_t vertex) {
      const Name name = read_name(vertices[vertex].name, images_);
      const auto found = by_whole_.find(keys_of(name.stage, name.number, name.total, name.text).whole);
      if (found == by_whole_.end()) return false;
      const size_t step = found->second.back();
      const auto [used, fresh] = used_.try_emplace({step, std::string(name.platform)}, match_.steps.size());
      if (fresh) {
        match_.steps.push_back({step, build_, vertex});
        return true;
      }
      ObservedStep& observed = match_.steps[used->second];
      observed.again.push_back(vertex);
      if (rank_of(vertices[vertex]) > rank_of(vertices[observed.vertex]))
        std::swap(observed.again.back(), observed.vertex);
      return true;
    });
  }

  // A step that several images need is in the log once, with the name of one of them.
  void take_shared() {
    std::unordered_map<std::string, VertexPlace> others;
    const auto [first, end] = log_.builds_of(log_.builds[build_].run);
    for (size_t i = first; i < end; ++i) {
      const Build& other = log_.builds[i];
      if (i == build_) continue;
      for (size_t vertex = 0; vertex < other.vertices.size(); ++vertex) {
        const Name name = read_name(other.vertices[vertex].name, images_);
        if (!name.is_step() && !name.is_image()) continue;
        Keys keys = keys_of(name.stage, name.number, name.total, name.text);
        if (name.is_image()) {
          elsewhere_[keys.text].emplace_back(i, vertex);
          continue;
        }
        take_later(others.try_emplace(std::move(keys.whole), i, vertex).first->second, {i, vertex});
        elsewhere_[keys.text].emplace_back(i, vertex);
        take_better(by_place_in_stage_.try_emplace({i, std::string(name.stage), name.number}, i, vertex)
                        .first->second,
                    {i, vertex});
      }
    }
    find_missing(others);
  }

  int rank_at(const VertexPlace& place) const {
    return rank_of(log_.builds[place.first].vertices[place.second]);
  }
  void take_better(VertexPlace& known, const VertexPlace& other) const {
    if (rank_at(other) > rank_at(known)) known = other;
  }
  // Of two that ran under the name of one image, the first is that image's own.
  void take_later(VertexPlace& known, const VertexPlace& other) const {
    if (rank_at(other) >= rank_at(known)) known = other;
  }

  void find_missing(const std::unordered_map<std::string, VertexPlace>& others) {
    for (const ObservedStep& observed : match_.steps)
      places_.emplace(observed.step, std::pair(observed.build, observed.vertex));
    // From the bottom up: whether two steps are one vertex depends on what they are on top of.
    std::vector<size_t> depths(graph_.steps.size());
    for (size_t step = 0; step < depths.size(); ++step) {
      if (const auto below = graph_.steps[step].below) depths[step] = depths[*below] + 1;
    }
    std::ranges::stable_sort(numbered_, {}, [&](const auto& one) { return depths[one.first]; });
    for (const auto& [step, keys] : numbered_) {
      if (places_.contains(step)) continue;
      if (const auto same = same_vertex(step, keys.text)) {
        places_.emplace(step, *same);
        match_.steps.push_back({step, same->first, same->second});
        continue;
      }
      const auto shared = others.find(keys.whole);
      const auto place =
          shared == others.end() ? vertex_elsewhere(step, keys.text) : std::optional(shared->second);
      if (!place) {
        match_.missing.push_back(step);
        continue;
      }
      match_.steps.push_back({step, place->first, place->second});
      places_.emplace(step, *place);
    }
    std::ranges::sort(match_.missing);
  }

  // The same text in a stage of another image, which may be longer: on top of the same vertex, or of one that
  // has the name of a third image.
  std::optional<VertexPlace> vertex_elsewhere(size_t step, const std::string& text) const {
    const auto found = elsewhere_.find(text);
    if (found == elsewhere_.end()) return std::nullopt;
    const size_t number = numbers_.at(step);
    const auto& planned = graph_.steps[step].below;
    const auto own = planned ? places_.find(*planned) : places_.end();
    constexpr size_t kMost = 100;
    std::optional<VertexPlace> best;
    for (size_t i = 0; i < std::min(found->second.size(), kMost); ++i) {
      const VertexPlace& place = found->second[i];
      const Name name = read_name(log_.builds[place.first].vertices[place.second].name, images_);
      const auto below = by_place_in_stage_.find({place.first, std::string(name.stage), name.number - 1});
      const bool is_known = name.is_step() && below != by_place_in_stage_.end();
      const bool may_start = name.is_image() || name.number == number;
      if (is_known ? own == places_.end() || below->second != own->second : !may_start) continue;
      if (!best) best = place;
      take_better(*best, place);
    }
    return best;
  }

  // Equal steps of two stages are one vertex, with the name of either: the same text on top of the same
  // vertex.
  std::optional<VertexPlace> same_vertex(size_t step, const std::string& text) {
    const auto below = [&](size_t of) -> std::optional<VertexPlace> {
      const auto& planned = graph_.steps[of].below;
      if (!planned) return std::nullopt;
      const auto place = places_.find(*planned);
      return place == places_.end() ? std::nullopt : std::optional(place->second);
    };
    const bool starts = !graph_.steps[step].below;
    const auto own = below(step);
    if (!starts && !own) return std::nullopt;
    const std::vector<size_t>& equal = by_text_[text];
    // A file may have any number of equal steps.
    constexpr size_t kMost = 100;
    for (size_t i = 0; i < std::min(equal.size(), kMost); ++i) {
      const auto place = places_.find(equal[i]);
      if (place == places_.end() || graph_.steps[equal[i]].below.has_value() == starts) continue;
      if (below(equal[i]) == own) return place->second;
    }
    return std::nullopt;
  }

  const plan::Graph& graph_;
  const Log& log_;
  const size_t build_;
  ImageNames images_;
  Index by_whole_;
  Index by_stage_;
  Index by_number_;
  Index by_text_;
  std::vector<std::pair<size_t, Keys>> numbered_;  // steps that the target needs
  std::map<size_t, size_t> numbers_;               // their numbers in their stages
  std::map<size_t, VertexPlace> places_;           // of the steps that were found
  std::unordered_map<std::string, std::vector<VertexPlace>>
      elsewhere_;  // vertices of the other images, by text
  std::map<std::tuple<size_t, std::string, size_t>, VertexPlace>
      by_place_in_stage_;  // the same, by stage and number
  std::map<std::tuple<const Index*, std::string, std::string>, size_t> next_;
  std::map<std::pair<size_t, std::string>, size_t> used_;  // by step and platform: the index in match_.steps
  Match match_;
};

}  // namespace

int rank_of(const Vertex& vertex) {
  if (!vertex.error.empty()) return 3;
  if (vertex.cached || vertex.canceled) return 0;
  return vertex.ended ? 2 : 1;
}

ImageNames images_of(const Log& log, size_t run) {
  ImageNames images;
  const auto [first, end] = log.builds_of(run);
  for (size_t i = first; i < end; ++i) {
    if (!log.builds[i].name.empty()) images.insert(log.builds[i].name);
  }
  return images;
}

std::string_view dockerfile_name(const Build& build) {
  constexpr std::string_view kLoads = "load build definition from ";
  for (const Vertex& vertex : build.vertices) {
    const size_t at = vertex.name.find(kLoads);
    if (vertex.name.starts_with('[') && at != std::string::npos)
      return text::base_name(std::string_view(vertex.name).substr(at + kLoads.size()));
  }
  return {};
}

Match match(const dockerfile::File& file, const plan::Graph& graph, const Log& log, size_t build) {
  return Matcher(file, graph, log, build).run();
}

}  // namespace dcache::observe
