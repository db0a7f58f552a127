import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    rules: {
      "eqeqeq": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
  { files: ["dashboard/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/javascript/**/*.js", "*.js"], languageOptions: { globals: globals.node } },
  // What stands in tests/e2e is run in pages as text.
  { ignores: ["tests/e2e/**", ".venv*/**", "build/**"] },
];
