#include "dcache/observe/collector.h"

#include <algorithm>
#include <map>
#include <utility>

#include "dcache/observe/name.h"
#include "dcache/observe/notices.h"

namespace dcache::observe {
namespace {

// A record names all steps at first. A build that failed did not come to all of them: those are left out. The
// record of any other build that has some was cut.
void drop_unstarted(std::vector<Vertex>& vertices) {
  const bool failed = std::ranges::any_of(
      vertices, [](const Vertex& vertex) { return vertex.canceled || !vertex.error.empty(); });
  if (!failed) return;
  std::erase_if(vertices, [](const Vertex& vertex) {
    return !vertex.digest.empty() && !vertex.started && !vertex.ended;
  });
}

// Sorts the vertices of a run by the images that they belong to.
void add_builds(std::vector<Vertex> vertices, Log& log) {
  ImageNames images;
  std::vector<std::string> in_order;
  for (const Vertex& vertex : vertices) {
    const std::string_view image = image_shown_by(vertex.name);
    if (!image.empty() && images.emplace(image).second) in_order.emplace_back(image);
  }
  const size_t run = log.runs.size() - 1;
  if (images.empty()) {
    log.builds.push_back({.run = run, .vertices = std::move(vertices)});
    return;
  }
  std::map<std::string_view, size_t> builds;
  for (const std::string& image : in_order) {
    builds[image] = log.builds.size();
    log.builds.push_back({.name = image, .run = run});
  }
  for (Vertex& vertex : vertices) {
    const auto build = builds.find(read_name(vertex.name, images).image);
    auto& to = build == builds.end() ? log.runs[run].shared : log.builds[build->second].vertices;
    to.push_back(std::move(vertex));
  }
}

}  // namespace

Run& Collector::run() {
  if (!open_) log_.runs.emplace_back();
  open_ = true;
  return log_.runs.back();
}

void Collector::start_run(std::string_view builder) {
  if (!vertices_.empty()) end_run();
  run().builder = std::string(builder.substr(0, 200));
}

std::optional<size_t> Collector::add_vertex(std::string_view name) {
  run();
  if (count_ >= limits_.vertices) {
    mark_cut();
    return std::nullopt;
  }
  ++count_;
  vertices_.push_back({.name = kept(name)});
  return vertices_.size() - 1;
}

std::string Collector::kept(std::string_view text) {
  constexpr size_t kShort = 200;
  const size_t most = bytes_ < limits_.name_bytes ? limits_.longest_text : kShort;
  if (text.size() > most) mark_cut();
  text = text.substr(0, most);
  bytes_ += text.size();
  return std::string(text);
}

void Collector::add_warning(Vertex& vertex, std::string_view text) {
  if (vertex.warnings.size() < limits_.warnings) vertex.warnings.push_back(kept(text));
}

void Collector::add_notice(Notice notice) {
  std::vector<Notice>& notices = run().notices;
  const auto is_same = [&](const Notice& known) {
    return known.kind == notice.kind && known.words == notice.words && known.image == notice.image;
  };
  if (notices.size() < limits_.notices && std::ranges::none_of(notices, is_same))
    notices.push_back(std::move(notice));
}

double Collector::since_start(int64_t moment) {
  if (!start_) start_ = moment;
  return static_cast<double>(moment - *start_) / 1e9;
}

void Collector::end_run() {
  drop_unstarted(vertices_);
  for (const Vertex& vertex : vertices_) {
    if (!vertex.ended) mark_cut();
    if (auto notice = notice_of(vertex)) add_notice(std::move(*notice));
  }
  add_builds(std::exchange(vertices_, {}), log_);
  open_ = false;
  start_.reset();
}

Log Collector::finish() {
  if (!vertices_.empty()) end_run();
  // What was said of a build of which nothing followed.
  if (open_) log_.runs.pop_back();
  open_ = false;
  count_ = bytes_ = 0;
  return std::exchange(log_, {});
}

}  // namespace dcache::observe
