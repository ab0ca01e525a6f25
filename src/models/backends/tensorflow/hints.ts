/** What a user can do about an index or a server of wheels. */
export const hints = {
  offline: 'Without a network, bring the wheel over and pass it: --from WHEEL. For a mirror: --index URL.',
  missing: 'Check the index: --index URL or PIP_INDEX_URL for Python, npm_config_registry for npm.',
  example: 'Such as https://pypi.org/simple for Python, https://registry.npmjs.org for npm.',
};
