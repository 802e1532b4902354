// A text that the client has open, and the folder of its workspace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/client.h"

namespace dcache::lsp {

// A folder of the client's workspace. Never taken down, since tasks may use it.
struct Folder {
  std::string root;  // empty for what is in none of the others
  bool removed = false;
  Settings settings;
  editor::Workspace workspace;
};

// What a text is to the server.
enum class TextKind : uint8_t {
  kDockerfile,
  kRelated,     // an ignore file, or one of a CI service
  kDefinition,  // of images: a compose or bake file
  kOther,
};

struct Document : OpenText {
  std::string path;
  TextKind kind = TextKind::kOther;
  Folder* folder = nullptr;
  uint64_t revision = 0;  // of its text: each has another one
  // A change could not be applied, so the client has another text until it sends all of it.
  bool out_of_step = false;
  // The text if it is larger than a file that is read. No workspace has it then.
  std::shared_ptr<const std::string> too_large = nullptr;
};
using Documents = std::map<std::string, Document, std::less<>>;

}  // namespace dcache::lsp
