{
  "variables": {
    "edge_agent_core": [
      "native/core/cpu.cpp",
      "native/core/dedup_cache.cpp",
      "native/core/exact_file.cpp",
      "native/core/frame_ingest.cpp",
      "native/core/index_rows.cpp",
      "native/core/index_sketches.cpp",
      "native/core/kernels.cpp",
      "native/core/kernels_avx2.cpp",
      "native/core/kernels_neon.cpp",
      "native/core/reserve.cpp",
      "native/core/rotation.cpp",
      "native/core/rotation_avx2.cpp",
      "native/core/routing_table.cpp",
      "native/core/search.cpp",
      "native/core/udp_socket.cpp",
      "native/core/search_limit.cpp",
      "native/core/search_many.cpp",
      "native/core/search_near.cpp",
      "native/core/sketch_avx2.cpp",
      "native/core/sketch_neon.cpp",
      "native/core/sketcher.cpp",
      "native/core/vector_index.cpp"
    ],
    "edge_agent_addon": [
      "native/addon/addon.cpp",
      "native/addon/arguments.cpp",
      "native/addon/dedup_handle.cpp",
      "native/addon/index_handle.cpp",
      "native/addon/ingest_handle.cpp",
      "native/addon/routes_handle.cpp",
      "native/addon/search_worker.cpp",
      "native/addon/udp_handle.cpp"
    ],
    "edge_agent_flags": [
      "-std=c++20",
      "-O3",
      "-Wall",
      "-Wextra",
      "-fno-exceptions",
      "-fno-rtti",
      "-ffp-contract=off",
      "-fvisibility=hidden"
    ]
  }
}
