#include "dcache/observe/collector.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "dcache/observe/excerpt.h"
#include "dcache/observe/name.h"
#include "dcache/observe/needed.h"
#include "dcache/observe/notices.h"

namespace dcache::observe {
namespace {

// The images that the names of vertices show, in their order.
struct ShownImages {
  ImageNames names;
  std::vector<std::string> in_order;
};

ShownImages images_in(const std::vector<Vertex>& vertices) {
  ShownImages images;
  for (const Vertex& vertex : vertices) {
    const std::string_view image = image_shown_by(vertex.name);
    if (!image.empty() && images.names.emplace(image).second) images.in_order.emplace_back(image);
  }
  return images;
}

// Sorts the vertices of a run by the images that they belong to.
void add_builds(std::vector<Vertex> vertices, const ShownImages& images, Log& log) {
  const size_t run = log.runs.size() - 1;
  if (images.names.empty()) {
    log.builds.push_back({.run = run, .vertices = std::move(vertices)});
    return;
  }
  std::map<std::string_view, size_t> builds;
  for (const std::string& image : images.in_order) {
    builds[image] = log.builds.size();
    log.builds.push_back({.name = image, .run = run});
  }
  for (Vertex& vertex : vertices) {
    const auto build = builds.find(read_name(vertex.name, images.names).image);
    auto& to = build == builds.end() ? log.runs[run].shared : log.builds[build->second].vertices;
    to.push_back(std::move(vertex));
  }
}

// Whether the log ends before the build did, though all that it has ended: there is neither a result nor a
// failure, and the names say that a stage has more steps, or there is no step at all.
bool lacks_steps(const std::vector<Vertex>& vertices, const ImageNames& images) {
  struct Stage {
    size_t last = 0;
    size_t total = 0;
  };
  using Place = std::tuple<std::string_view, std::string_view, std::string_view>;  // image, platform, stage
  std::map<Place, Stage> stages;
  std::set<std::string_view> finished;
  for (const Vertex& vertex : vertices) {
    const Name name = read_name(vertex.name, images);
    if (is_export(name.text) || is_cache_export(vertex.name)) finished.insert(name.image);
    if (!name.is_step()) continue;
    Stage& stage = stages[{name.image, name.platform, name.stage}];
    stage.last = std::max(stage.last, name.number);
    stage.total = std::max(stage.total, name.total);
  }
  if (stages.empty()) return finished.empty();
  return std::ranges::any_of(stages, [&](const auto& entry) {
    return entry.second.last < entry.second.total && !finished.contains(std::get<0>(entry.first));
  });
}

}  // namespace

Run& Collector::run() {
  if (!open_) log_.runs.emplace_back();
  open_ = true;
  return log_.runs.back();
}

bool Collector::has_only_boot() const {
  return !vertices_.empty() && std::ranges::all_of(vertices_, [](const Vertex& vertex) {
    return is_boot(vertex.name) && vertex.ended && vertex.error.empty();
  });
}

void Collector::start_run(std::string_view builder) {
  if (has_only_boot()) {
    for (const Vertex& vertex : vertices_)
      boot_end_ = std::max(boot_end_, vertex.completed.value_or(0));
    start_.reset();
  } else if (!vertices_.empty()) {
    end_run();
  }
  ++run_number_;
  run().builder = std::string(builder.substr(0, 200));
}

void Collector::forget_run() {
  ++run_number_;
  ending_.reset();
  count_ -= vertices_.size();
  vertices_.clear();
  digests_.clear();
  start_.reset();
  boot_end_ = 0;
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

void Collector::add_failed_step(const Excerpt& excerpt) {
  const auto has_ended_badly = [](const Vertex& vertex) { return !vertex.error.empty(); };
  if (vertices_.empty() || excerpt.step.empty() || std::ranges::any_of(vertices_, has_ended_badly)) return;
  const auto known = std::ranges::find(vertices_, excerpt.step, &Vertex::name);
  const auto index = known == vertices_.end() ? add_vertex(excerpt.step)
                                              : std::optional(static_cast<size_t>(known - vertices_.begin()));
  if (!index) return;
  Vertex& vertex = vertices_[*index];
  vertex.ended = true;
  vertex.error = kept(error_of(excerpt));
  vertex.seconds = std::max(vertex.seconds, excerpt.seconds);
}

void Collector::add_notice(Notice notice) {
  std::vector<Notice>& notices = run().notices;
  const auto is_same = [&](const Notice& known) {
    return known.kind == notice.kind && known.words == notice.words && known.image == notice.image;
  };
  if (notices.size() < limits_.notices && std::ranges::none_of(notices, is_same))
    notices.push_back(std::move(notice));
}

void Collector::add_ending(Notice notice) {
  if (!ending_ && !vertices_.empty() && !has_only_boot()) ending_ = std::move(notice);
}

void Collector::take_ending(const ImageNames& images) {
  const std::optional<Notice> ending = std::exchange(ending_, std::nullopt);
  const bool came_to_steps = std::ranges::any_of(vertices_, [&](const Vertex& vertex) {
    const Name name = read_name(vertex.name, images);
    return name.is_step() || name.is_image() || is_export(name.text) || !vertex.error.empty();
  });
  const bool is_known =
      std::ranges::find(run().notices, Notice::Kind::kFailed, &Notice::kind) != run().notices.end();
  if (ending && !came_to_steps && !is_known) add_notice(*ending);
}

// A line at the end of the log may say the same of a vertex.
void Collector::add_vertex_notice(const Vertex& vertex) {
  auto notice = notice_of(vertex);
  if (!notice) return;
  if (!vertex.error.empty()) {
    std::erase_if(run().notices, [&](const Notice& known) {
      return known.kind == notice->kind && known.image.empty() &&
             known.words.find(vertex.error) != std::string::npos;
    });
  }
  add_notice(std::move(*notice));
}

double Collector::since_start(int64_t moment) {
  if (!start_) start_ = moment - static_cast<int64_t>(std::llround(boot_end_ * 1e9));
  return static_cast<double>(moment - *start_) / 1e9;
}

// Lets each input name the first digest of a vertex, which is the one that it is known by.
void Collector::resolve_inputs() {
  for (Vertex& vertex : vertices_) {
    for (std::string& input : vertex.inputs) {
      const auto found = digests_.find(input);
      if (found != digests_.end()) input = vertices_[found->second].digest;
    }
  }
}

bool Collector::is_checked() const {
  return std::ranges::find(log_.runs.back().notices, Notice::Kind::kChecked, &Notice::kind) !=
         log_.runs.back().notices.end();
}

bool Collector::has_failed() const {
  return std::ranges::any_of(vertices_,
                             [](const Vertex& vertex) {
                               return vertex.canceled ||
                                      (!vertex.error.empty() && !is_cache_work(vertex.name));
                             }) ||
         std::ranges::find(log_.runs.back().notices, Notice::Kind::kFailed, &Notice::kind) !=
             log_.runs.back().notices.end();
}

void Collector::end_run() {
  run();
  ++run_number_;
  resolve_inputs();
  const ShownImages images = images_in(vertices_);
  take_ending(images.names);
  const bool failed = has_failed();
  settle_unstarted(vertices_, images.names, failed);
  for (const Vertex& vertex : vertices_) {
    if (!vertex.ended) mark_cut();
    add_vertex_notice(vertex);
  }
  if (!failed && !is_checked() && lacks_steps(vertices_, images.names)) mark_cut();
  add_builds(std::exchange(vertices_, {}), images, log_);
  open_ = false;
  digests_.clear();
  start_.reset();
  boot_end_ = 0;
}

Log Collector::finish() {
  // A builder that was started, and that nothing was built with.
  if (has_only_boot()) forget_run();
  if (!vertices_.empty()) end_run();
  // What was said of a build of which nothing followed.
  if (open_) log_.runs.pop_back();
  open_ = false;
  count_ = bytes_ = 0;
  return std::exchange(log_, {});
}

}  // namespace dcache::observe
