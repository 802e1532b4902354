# What follows from packaging/address, as packaging/README.md says.
file(STRINGS "${PROJECT_SOURCE_DIR}/packaging/address" DCACHE_ADDRESS LIMIT_COUNT 1)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/packaging/address")
if(NOT DCACHE_ADDRESS MATCHES "^https://github\\.com/([^/]+)/[^/]+$")
  message(FATAL_ERROR "packaging/address is '${DCACHE_ADDRESS}': write an address such as https://github.com/OWNER/NAME")
endif()
set(DCACHE_CONTACT "${CMAKE_MATCH_1}@users.noreply.github.com")
set(DCACHE_RULE_PAGES "${DCACHE_ADDRESS}/blob/main/docs/rules")
