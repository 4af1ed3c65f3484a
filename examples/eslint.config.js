// The rules of the repository, for files that find latchkey only where `npm run examples` has installed it.
import rules from '../eslint.config.js'

export default [...rules, { files: ['commonjs/**/*.js'], languageOptions: { sourceType: 'commonjs' } }]
