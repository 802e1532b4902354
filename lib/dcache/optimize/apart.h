// Folders that a COPY of the whole context brings before a RUN although, as far as names tell, no step reads
// them, or only a later RUN does: each edit in them runs the RUNs before that again.
//
// Other than cache/unread_folders.h this looks into the files of the context too: a folder counts as read if
// an instruction mentions its name, or a file of a folder that is read. It is a guess all the same, since a
// program may list folders or put names together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/lint/build_facts.h"
#include "dcache/plan/graph.h"

namespace dcache::optimize {

struct ApartFolder {
  uint32_t line = 0;           // of the COPY
  std::string path;            // from the root of the context
  std::vector<uint32_t> runs;  // lines of the RUNs that see it and need not
  uint32_t reader = 0;         // the line of the first RUN that mentions it; 0 if none does
  // Where it has to be, below the destination of the COPY: for the reader, or because the image contains it.
  // As a COPY has it there; empty if it can be left out.
  std::string place = {};
};

// Sorted by line and path. `graph` is that of the file. None if the context is too large to look into.
std::vector<ApartFolder> apart_folders(const dockerfile::File& file, const plan::Graph& graph,
                                       const lint::BuildContext& context);

// The text of the file with the COPYs leaving the folders out. They are copied right above their readers, and
// what only the image contains after the last RUN of the same stage.
std::string copied_apart(const dockerfile::File& file, const std::vector<ApartFolder>& folders);

}  // namespace dcache::optimize
