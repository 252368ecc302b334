# SPDX-License-Identifier: Apache-2.0
# lto: the release program is optimized as a whole, where the compiler is GCC. The rooms are compiled for both: the
# test programs, which put twins in the place of archive members and wrap malloc, link the ordinary code.
set(PORTCULLIS_LTO OFF)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT PORTCULLIS_SANITIZE)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT PORTCULLIS_LTO LANGUAGES C)
endif()

# A library whose objects hold both.
function(portcullis_lto_ready target)
  if(PORTCULLIS_LTO)
    target_compile_options(${target} PRIVATE -flto -ffat-lto-objects)
    target_link_options(${target} INTERFACE $<$<NOT:$<BOOL:$<TARGET_PROPERTY:PORTCULLIS_WHOLE>>>:-fno-lto>)
  endif()
endfunction()

# A program that is optimized as a whole.
function(portcullis_lto target)
  if(PORTCULLIS_LTO)
    set_target_properties(${target} PROPERTIES PORTCULLIS_WHOLE ON)
    target_compile_options(${target} PRIVATE -flto)
    target_link_options(${target} PRIVATE -flto=auto)
  endif()
endfunction()

if(PORTCULLIS_LTO AND NOT LLHTTP_FOUND)
  portcullis_lto_ready(llhttp)
endif()
