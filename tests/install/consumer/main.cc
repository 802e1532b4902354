#include <dcache/dcache.h>

int main() {
  const auto file = dcache::dockerfile::parse("FROM scratch\nCOPY . .\n");
  return file.instructions().size() == 2 && file.errors().empty() ? 0 : 1;
}
