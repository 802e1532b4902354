// Which files of a context a build looks at by themselves. Internal to history/.
#pragma once

#include <map>
#include <string>

#include "dcache/context/tree_snapshots.h"
#include "dcache/plan/graph.h"

namespace dcache::history {

// The folder that a selector looks into, relative to the root: what is before the first wildcard.
std::string folder_of(const plan::Selector& selector);

// By context, "" for the main one: what a snapshot has to show for the keys of a build. All else may be shown
// by the folders that it is in.
using VisibleByContext = std::map<std::string, context::VisiblePaths, std::less<>>;
void add_visible_paths(const plan::Graph& graph, VisibleByContext& visible);

// Adds what those paths lead to through links of a context. Whether there is more now.
bool add_link_targets(const context::Snapshot& files, context::VisiblePaths& visible);

}  // namespace dcache::history
