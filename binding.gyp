{
  "includes": ["native/sources.gypi"],
  "targets": [
    {
      "target_name": "edge_agent",
      "sources": ["<@(edge_agent_core)", "<@(edge_agent_addon)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS"],
      "cflags!": ["-O2", "-O3"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-exceptions", "-fno-rtti"],
      "cflags_cc": ["<@(edge_agent_flags)"],
      "ldflags": ["-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-static-libstdc++", "-static-libgcc"]
    }
  ]
}
