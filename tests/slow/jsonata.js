// Answers expressions as the reference does: a line {"id", "expr", "input"?} in, a line out, for tests/jsonata/grow.rs.
// It needs the npm package jsonata, found by NODE_PATH. With --unchanged it answers as it would if an object constructor
// over an empty array did not put an element into it, in the data.
const jsonata = process.argv.includes('--unchanged') ? unchanged() : require('jsonata');

function unchanged() {
    const file = require.resolve('jsonata');
    const text = require('fs').readFileSync(file, 'utf8');
    const changed = text.replace('input.push(undefined);', 'input = createSequence(undefined);');
    if (changed === text) throw new Error('the reference has another text');
    const module = new (require('module'))(file);
    module.filename = file;
    module._compile(changed, file);
    return module.exports;
}

// Our own world has one time, too.
const RealDate = Date;
const NOW = 1500000000000;
global.Date = class extends RealDate {
    constructor(...parts) {
        super(...(parts.length ? parts : [NOW]));
    }
    static now() {
        return NOW;
    }
};

const isFunction = (value) =>
    typeof value === 'function' || (value && (value._jsonata_lambda === true || value._jsonata_function === true));

// A function has no JSON, nor has a number that is not finite.
const plain = (key, value) => {
    if (isFunction(value)) return null;
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
};

async function answer(line) {
    const question = JSON.parse(line);
    try {
        // Some evaluations never end, though nothing runs.
        const never = new Promise((_, refuse) => setTimeout(() => refuse(new Error('no answer')), 2000));
        const result = await Promise.race([jsonata(question.expr).evaluate(question.input), never]);
        if (result === undefined) return { id: question.id, undefined: true };
        if (isFunction(result)) return { id: question.id, function: true };
        return { id: question.id, result };
    } catch (error) {
        const { code = 'internal', message, position } = error;
        return { id: question.id, error: { code, message, position } };
    }
}

// Parts are evaluated side by side, and a second one that fails is nobody's.
process.on('unhandledRejection', () => {});

// What cannot be written is an answer too.
function text(given) {
    try {
        return JSON.stringify(given, plain);
    } catch (error) {
        return JSON.stringify({ id: given.id, error: { code: 'internal', message: error.message } });
    }
}

(async () => {
    for await (const line of require('readline').createInterface({ input: process.stdin })) {
        process.stdout.write(text(await answer(line)) + '\n');
    }
})();
