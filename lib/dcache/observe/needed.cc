#include "dcache/observe/needed.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace dcache::observe {
namespace {

bool is_unstarted(const Vertex& vertex) {
  return !vertex.digest.empty() && !vertex.started && !vertex.ended;
}

// The name without the image.
std::string step_name(const Name& name) {
  return fmt::format("{} {} {}/{} {} {}", name.platform, name.stage, name.number, name.total, name.kind,
                     name.text);
}

class Settler {
 public:
  Settler(std::vector<Vertex>& vertices, const ImageNames& images)
      : vertices_(vertices), is_settled_(vertices.size()), is_dropped_(vertices.size()) {
    for (size_t i = 0; i < vertices.size(); ++i) {
      names_.push_back(read_name(vertices[i].name, images));
      if (!vertices[i].digest.empty()) places_.try_emplace(vertices[i].digest, i);
    }
  }

  void run(bool failed) {
    find_done();
    find_equal();
    follow_inputs();
    for (size_t i = 0; i < vertices_.size(); ++i) {
      if (!is_unstarted(vertices_[i])) continue;
      if (is_settled_[i] && names_[i].is_step()) {
        vertices_[i].ended = vertices_[i].cached = true;
      } else if (is_settled_[i] || failed) {
        is_dropped_[i] = true;
      }
    }
    size_t index = 0;
    std::erase_if(vertices_, [&](const Vertex&) { return is_dropped_[index++]; });
  }

 private:
  void settle(size_t vertex) {
    if (is_settled_[vertex]) return;
    is_settled_[vertex] = true;
    ready_.push_back(vertex);
  }

  // What ended, and all of an image that was exported.
  void find_done() {
    std::set<std::string_view> exported;
    for (size_t i = 0; i < vertices_.size(); ++i) {
      const Vertex& vertex = vertices_[i];
      if (!vertex.ended || vertex.canceled || !vertex.error.empty()) continue;
      settle(i);
      if (is_export(names_[i].text)) exported.insert(names_[i].image);
    }
    for (size_t i = 0; i < vertices_.size(); ++i) {
      if (is_unstarted(vertices_[i]) && exported.contains(names_[i].image)) settle(i);
    }
  }

  // The same step of another image, or of another context, that the builder went on with.
  void find_equal() {
    std::unordered_map<std::string, size_t> started;
    for (size_t i = 0; i < vertices_.size(); ++i) {
      if (names_[i].is_step() && !is_unstarted(vertices_[i])) started.try_emplace(step_name(names_[i]), i);
    }
    for (size_t i = 0; i < vertices_.size(); ++i) {
      if (!names_[i].is_step() || !is_unstarted(vertices_[i])) continue;
      const auto equal = started.find(step_name(names_[i]));
      if (equal == started.end()) continue;
      is_dropped_[i] = true;
      if (is_settled_[equal->second]) settle(i);
    }
  }

  void follow_inputs() {
    while (!ready_.empty()) {
      const size_t vertex = ready_.back();
      ready_.pop_back();
      for (const std::string& input : vertices_[vertex].inputs) {
        const auto place = places_.find(input);
        if (place != places_.end()) settle(place->second);
      }
    }
  }

  std::vector<Vertex>& vertices_;
  std::vector<Name> names_;
  std::vector<bool> is_settled_;
  std::vector<bool> is_dropped_;
  std::vector<size_t> ready_;                            // settled, and their inputs were not looked at yet
  std::unordered_map<std::string_view, size_t> places_;  // by digest
};

}  // namespace

void settle_unstarted(std::vector<Vertex>& vertices, const ImageNames& images, bool failed) {
  if (std::ranges::any_of(vertices, is_unstarted)) Settler(vertices, images).run(failed);
}

}  // namespace dcache::observe
