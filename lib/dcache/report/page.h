// One page about a repository, for a browser: what it builds, what is wrong with it, what rebuilds and how
// often, and what to change. It needs no network, and works from the disk.
//
// The page is report/html/ with the data as JSON in an element of its own, which the script draws. What comes
// from the repository is in that JSON alone, where no text can end the element, and the script sets it as
// text; the policy of the page (Content-Security-Policy) allows this script and this style and nothing else.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dcache/history/history.h"
#include "dcache/lint/diagnostic.h"
#include "dcache/optimize/optimize.h"
#include "dcache/project/images.h"
#include "dcache/report/build_view.h"
#include "dcache/report/log_view.h"

namespace dcache::report {

struct PageImage {
  const project::Image* image = nullptr;  // null where only its history is known
  BuildView view;                         // with the steps of the work tree; empty if it can't be planned
  const history::ImageHistory* history = nullptr;  // null where no commits were replayed
};

struct PageFinding {
  std::string path;
  uint32_t line = 0;
  lint::Diagnostic diagnostic;
};

struct PageProposal {
  const optimize::Proposal* proposal = nullptr;
  std::string patch;
};

// What is pointed to has to outlive it.
struct Page {
  std::string title;
  std::string made;  // a line: by what and about what
  std::vector<PageImage> images;
  // Nothing where nobody looked for them.
  std::optional<std::vector<PageFinding>> findings;
  std::optional<std::vector<PageProposal>> proposals;
  std::span<const context::Commit> commits = {};
  const LogView* log = nullptr;    // a build that happened; null for none
  std::vector<std::string> notes;  // sentences
};

void append_page(const Page& page, std::string& out);

// The page of a history alone.
void append_history_page(const history::History& history, std::string title, std::string& out);

// "By dcache 1.0, over 300 commits, 2026-05-07 to 2026-11-28"
std::string made_words(std::span<const context::Commit> commits);

}  // namespace dcache::report
