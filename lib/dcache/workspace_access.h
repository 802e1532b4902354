// The state of a Workspace, for the C interface. Internal.
#pragma once

#include "dcache/editor/workspace.h"
#include "dcache/workspace.h"

namespace dcache {

struct WorkspaceAccess {
  static const editor::Workspace& editor_of(const Workspace& workspace);
};

}  // namespace dcache
