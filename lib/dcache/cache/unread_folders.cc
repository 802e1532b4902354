#include "dcache/cache/unread_folders.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "dcache/text/mentions.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using plan::Graph;
using plan::Read;
using plan::Step;

// A folder of the context, and where it comes to be in the stage.
struct CopiedFolder {
  UnreadFolder folder;
  std::string place;
  bool is_of_everything = false;  // the COPY takes the whole context
};

// The folders at the top of what a step takes from the main context.
std::vector<CopiedFolder> copied_folders(const Build& build, size_t index) {
  const Step& step = build.graph().steps[index];
  std::map<std::string, CopiedFolder> by_place;
  std::set<const context::Record*> counted;
  for (const ReadFiles& read : build.keys()[index].reads) {
    if (step.reads[read.read].origin != Read::Origin::kContext) continue;
    for (const SelectedFile& file : read.selection.files) {
      const size_t slash = file.name.find('/');
      if (file.record->type == context::Type::kFolder || slash == std::string_view::npos) continue;
      if (!counted.insert(file.record).second) continue;
      const std::string top(file.name.substr(0, slash));
      const auto [known, fresh] = by_place.try_emplace(top);
      CopiedFolder& copied = known->second;
      if (fresh) {
        const std::string_view path = file.record->path;
        const size_t below = file.name.size() - slash;
        copied.folder.step = index;
        copied.folder.path = path.substr(0, path.size() - std::min(below, path.size()));
        copied.place = text::join_path(step.destination, top);
        copied.is_of_everything = file.selector == nullptr || file.selector->takes_everything();
      }
      ++copied.folder.files;
      copied.folder.bytes += file.record->size;
    }
  }
  std::vector<CopiedFolder> all;
  for (auto& [place, copied] : by_place)
    all.push_back(std::move(copied));
  return all;
}

bool mentions(const dockerfile::Instruction& instruction, std::string_view word) {
  return text::mentions(instruction.joined, word) ||
         std::ranges::any_of(instruction.heredocs, [&](const dockerfile::Heredoc& heredoc) {
           return text::mentions(heredoc.content, word);
         });
}

// What reads the files that a step brings, as far as the plan tells.
class Readers {
 public:
  Readers(const Graph& graph, size_t step) : graph_(graph), holders_(graph.stages.size()) {
    holders_[graph.steps[step].stage] = true;
    for (const plan::Stage& stage : graph.stages) {
      if (stage.base_stage && holders_[*stage.base_stage]) holders_[stage.index] = true;
    }
    for (size_t i = step + 1; i < graph.steps.size(); ++i) {
      const Step& later = graph.steps[i];
      if (!later.needed) continue;
      if (later.kind == Step::Kind::kRun && holders_[later.stage]) runs_.push_back(&later);
      for (const Read& read : later.reads) {
        if (read.origin == Read::Origin::kStage && holders_[read.stage]) add_read(later, read);
      }
    }
  }

  // Whether the files are part of an image: that of the target.
  bool ship() const { return graph_.target && holders_[*graph_.target]; }

  // Whether a step names the folder.
  bool name(const CopiedFolder& copied) const {
    const auto overlaps = [&](const std::string& path) {
      return text::is_within(copied.place, path) || text::is_within(path, copied.place);
    };
    const std::string_view word = text::base_name(copied.place);
    return std::ranges::any_of(paths_, overlaps) ||
           std::ranges::any_of(runs_, [&](const Step* run) { return mentions(*run->instruction, word); });
  }

  // Whether a path that is read passes a link among the files: where it leads is not looked up.
  bool pass_link(const Build& build, size_t step) const {
    const Step& copy = graph_.steps[step];
    for (const ReadFiles& read : build.keys()[step].reads) {
      for (const SelectedFile& file : read.selection.files) {
        if (file.record->type != context::Type::kSymlink) continue;
        const std::string link = text::join_path(copy.destination, file.name);
        if (std::ranges::any_of(paths_, [&](const std::string& path) { return text::is_within(path, link); }))
          return true;
      }
    }
    return false;
  }

  std::vector<uint32_t> lines() const {
    std::vector<uint32_t> lines;
    for (const Step* run : runs_)
      lines.push_back(run->instruction->start_line);
    std::ranges::sort(lines);
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    return lines;
  }

 private:
  void add_read(const Step& step, const Read& read) {
    // A mount of everything: what of it the RUN reads is not known.
    if (step.kind == Step::Kind::kRun) {
      runs_.push_back(&step);
      return;
    }
    if (read.selectors.empty()) paths_.emplace_back("/");
    for (const plan::Selector& selector : read.selectors) {
      // Of a pattern what is before the first wildcard.
      std::string path = text::clean_path("/" + selector.path);
      const size_t wildcard = selector.wildcard ? path.find_first_of("*?[\\") : std::string::npos;
      if (wildcard != std::string::npos) path = text::parent_path(path.substr(0, wildcard + 1));
      paths_.push_back(std::move(path));
    }
  }

  const Graph& graph_;
  std::vector<bool> holders_;       // stages that contain the files
  std::vector<const Step*> runs_;   // that can read them
  std::vector<std::string> paths_;  // that other stages take
};

}  // namespace

std::vector<UnreadFolder> unread_folders(const Build& build) {
  std::vector<UnreadFolder> all;
  for (size_t i = 0; i < build.keys().size(); ++i) {
    const Step& step = build.graph().steps[i];
    if (!step.needed || step.kind != Step::Kind::kCopy) continue;
    const std::vector<CopiedFolder> folders = copied_folders(build, i);
    if (folders.empty()) continue;
    const Readers readers(build.graph(), i);
    if (readers.ship() || readers.pass_link(build, i)) continue;
    const size_t first = all.size();
    for (const CopiedFolder& copied : folders) {
      std::vector<uint32_t> runs = readers.lines();
      const bool is_meant = !runs.empty() && !copied.is_of_everything;
      if (is_meant || readers.name(copied)) continue;
      all.push_back(copied.folder);
      all.back().runs = std::move(runs);
    }
    std::ranges::stable_sort(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(), std::greater<>(),
                             &UnreadFolder::bytes);
  }
  return all;
}

}  // namespace dcache::cache
