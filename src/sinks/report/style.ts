import { COLOURS, type Colour } from './charts.js';

const swatches = (Object.keys(COLOURS) as Colour[])
  .map((name) => `.${name}{--colour:${COLOURS[name]}}`)
  .join('\n');

/** The page's style sheet: light, dark, phone and paper. */
export const STYLE = `
:root{color-scheme:light;--ink:#1b1f26;--soft:#5a6472;--ground:#fff;--panel:#f6f7f9;--line:#dfe3e8;--link:#1a5fb4;--bad:#b3261e;--good:#0b6b5f;--bar:#4a86e838;--warn:#8a4b00;--warn-ground:#fff3dc;--warn-line:#cf7a24}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--ink:#e6e9ee;--soft:#a0aab8;--ground:#14171c;--panel:#1c2027;--line:#313843;--link:#8ab8ff;--bad:#ff8a80;--good:#5fd3c2;--bar:#4a86e855;--warn:#ffc876;--warn-ground:#33260f;--warn-line:#cf7a24}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:var(--ink);background:var(--ground);overflow-wrap:break-word}
header,.columns,footer{max-width:1180px;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.2rem}
.kind{margin:0;color:var(--soft);font-size:.8rem;letter-spacing:.08em;text-transform:uppercase}
h1{margin:0 0 .6rem;font-size:2rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:0 0 .8rem;padding-top:1.6rem;border-top:1px solid var(--line);font-size:1.45rem;line-height:1.25}
h3{margin:2rem 0 .5rem;font-size:1.12rem}
h4{margin:.6rem 0 .2rem;font-size:.95rem}
p{max-width:46rem;margin:.5rem 0}
a{color:var(--link)}
a:focus-visible,button:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}
code{font:.86em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.skip{position:absolute;left:-999px}
.skip:focus{left:1rem;top:.5rem;padding:.3rem .7rem;background:var(--ground);z-index:1}
.banner{max-width:none;margin:.4rem 0 1rem;padding:.75rem 1rem;border:1px solid var(--warn-line);border-left-width:6px;border-radius:8px;background:var(--warn-ground);color:var(--warn)}
.columns{display:grid;grid-template-columns:13rem minmax(0,1fr);gap:2.5rem}
nav{position:sticky;top:1rem;align-self:start;max-height:calc(100vh - 2rem);overflow:auto;padding-top:1.6rem;font-size:.88rem}
nav ul{list-style:none;margin:0;padding:0}
nav ul ul{padding-left:.9rem;margin-bottom:.4rem}
nav a{display:block;padding:.16rem 0;color:var(--soft);text-decoration:none;overflow-wrap:anywhere}
nav a:hover{color:var(--link);text-decoration:underline}
main{min-width:0}
section{margin-bottom:2.4rem}
section section{margin-bottom:0}
main>section:first-child h2{border-top:0}
footer{padding-top:1rem;padding-bottom:2.5rem;color:var(--soft);font-size:.85rem}
.score{margin:0 0 1rem;padding:1rem 1.2rem;border:1px solid var(--line);border-radius:12px;background:var(--panel)}
.score h3{margin:0;font-size:1rem}
.score h3 a{color:inherit;text-decoration:none}
.score h3 a:hover{text-decoration:underline}
.hero{margin:.1rem 0 .7rem;max-width:none}
.hero strong{font-size:2.6rem;line-height:1.15;letter-spacing:-.02em}
.hero small{color:var(--soft)}
.interval{position:relative;display:block;height:8px;margin:.35rem 0 .3rem;border-radius:4px;background:var(--line);overflow:hidden}
.interval::before,.interval::after{content:"";position:absolute;top:0;bottom:0}
.interval::before{left:var(--low);width:calc(var(--high) - var(--low));background:#4a86e8;opacity:.55}
.interval::after{left:calc(var(--at) - 1.5px);width:3px;background:var(--ink)}
.metrics{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.7rem;list-style:none;margin:0 0 .6rem;padding:0;font-size:.85rem;color:var(--soft);line-height:1.35}
.metrics b{display:block;font-size:1.3rem;color:var(--ink)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.5rem 1.5rem;margin:.8rem 0}
.facts dt{color:var(--soft);font-size:.8rem}
.facts dd{margin:0;overflow-wrap:anywhere}
figure{margin:.8rem 0}
figcaption,.note{color:var(--soft);font-size:.88rem}
.chart svg{display:block;max-width:100%;height:auto;color:var(--ink)}
.narrow{display:none}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;margin:0 0 .4rem;padding:0;font-size:.85rem}
.legend li::before,.fate::before{content:"";display:inline-block;width:.75em;height:.75em;margin-right:.4em;border-radius:2px;background:var(--colour,transparent)}
${swatches}
.scroll{overflow-x:auto;margin:.8rem 0;border-radius:6px}
.matrix{max-height:92vh;overflow:auto;border:1px solid var(--line)}
table.confusion{width:auto;border-collapse:separate;border-spacing:0;font-size:calc(.78rem*var(--zoom,1));--cell:calc(2rem*var(--zoom,1))}
.confusion th,.confusion td{padding:0;border:0;border-right:1px solid var(--line);border-bottom:1px solid var(--line);vertical-align:middle}
.confusion td{width:var(--cell);min-width:var(--cell);height:var(--cell);text-align:center}
.confusion tbody th{position:sticky;left:0;z-index:1;max-width:calc(13rem*var(--zoom,1));min-width:0;padding:0 .5em;text-align:right;background:var(--ground)}
.confusion tbody th span,.confusion thead th span{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.confusion thead td,.confusion thead th{position:sticky;top:0;z-index:2;background:var(--ground);color:var(--ink)}
.confusion thead td{left:0;z-index:3}
.confusion thead th span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:11em;margin:.4em auto;padding-top:.2em}
.confusion .hit{background:rgb(29 154 138/calc(var(--shade)*.7))}
.confusion .miss{background:rgb(224 82 92/calc(var(--shade)*.7))}
.confusion a{display:grid;place-items:center;width:100%;height:100%;min-height:calc(1.7rem*var(--zoom,1));color:inherit}
.confusion a:focus-visible{outline:3px solid var(--ink);outline-offset:-3px}
.tools{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.2rem;margin-top:.6rem}
.tools[hidden]{display:none}
.tools select,.tools button{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--soft);border-radius:6px;padding:.15rem .55rem;min-height:1.9rem}
.tools button+button{margin-left:.25rem}
select:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.cells{max-height:26rem;overflow:auto;padding-left:.2rem}
.cells details{margin:.25rem 0}
.cells p{margin:.25rem 0}
.next{margin-top:.9rem;padding-top:.5rem;border-top:1px solid var(--line)}
.next h4{margin:0}
.next ol{margin:.2rem 0 0;padding-left:1.3rem}
.next li{margin:.3rem 0}
.clean strong{color:var(--good)}
.sheet{display:block;max-width:100%;height:auto;background:#fff;border:1px solid var(--line)}
.explained{display:flex;flex-wrap:wrap;gap:1.2rem 1.8rem}
.explained figure{margin:0}
.explained figcaption{max-width:31rem}
.looks{display:flex;flex-wrap:wrap;gap:4px}
.looks img{display:block;width:8.4rem;height:auto;border:1px solid var(--line);border-radius:5px;background:#fff}
.commands dt{color:var(--soft);font-size:.8rem}
.commands dd{margin:0 0 .5rem}
pre{overflow:auto;max-height:30rem;padding:.7rem;border:1px solid var(--line);border-radius:8px;background:var(--panel)}
.gap::before{opacity:.3;background:#cf7a24!important}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
caption{padding:.2rem 0 .4rem;text-align:left;font-weight:600}
th,td{padding:.32rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom;border-bottom:2px solid var(--line)}
tbody th{font-weight:500;max-width:20rem;overflow-wrap:anywhere}
tbody th:not(.n){min-width:8.5rem}
tfoot th,tfoot td{font-weight:600;border-bottom:0}
.n{text-align:right;white-space:nowrap}
thead .n{white-space:normal}
th button{all:unset;cursor:pointer}
th button:focus-visible{outline:2px solid var(--link)}
th button::after{content:"\\a0↕";opacity:.4}
th[aria-sort=ascending] button::after{content:"\\a0↑";opacity:1}
th[aria-sort=descending] button::after{content:"\\a0↓";opacity:1}
.zero{color:var(--soft)}
.bad{color:var(--bad)}
.bar{display:inline-block;min-width:7.5rem;padding:0 .35rem;border-radius:3px;background:linear-gradient(var(--bar),var(--bar)) left/var(--share) 100% no-repeat}
.fate{white-space:nowrap}
.digest{font-size:.75em}
.keys code{display:inline-block;margin-right:.5em}
details{margin:.6rem 0}
summary{cursor:pointer;color:var(--link)}
td details{margin:0}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem 1.6rem}
.samples figure{margin:0;min-width:0}
.samples figcaption{color:var(--ink);font-weight:500;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:4px}
.tile{display:block;width:100%;height:auto;aspect-ratio:1;object-fit:contain;background:#fff;border:1px solid var(--line);border-radius:5px}
.unreadable{display:grid;place-items:center;background:#868f9e55;color:var(--ink);font-size:.65rem;text-align:center;line-height:1.1}
.folds{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:0 1.5rem;align-items:start}
.groups{display:flex;flex-wrap:wrap;gap:1rem 2.4rem}
.groups figure{margin:0}
.groups figcaption{color:var(--ink);font-weight:500}
.groups .tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin-top:.3rem}
.card{width:7.2rem}
.card code{display:block}
.card small{display:block;margin-top:.15rem;color:var(--soft);font-size:.72rem;line-height:1.3;overflow-wrap:anywhere}
.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.6rem,1fr));gap:1.1rem}
.mistakes figure{margin:0;min-width:0}
.mistakes figcaption{display:grid;gap:.05rem;margin-top:.3rem;line-height:1.35;font-size:.8rem;overflow-wrap:anywhere}
.predicted{color:var(--ink)}
.predicted b{color:var(--bad);white-space:nowrap}
@media (max-width:900px){
.columns{display:block}
nav{position:static;max-height:none;padding:.6rem 0 0}
nav>ul{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem}
nav ul ul{display:flex;flex-wrap:wrap;gap:0 .9rem;padding-left:.9rem}
nav a{padding:.35rem 0}
}
@media screen and (max-width:600px){
body{font-size:16px}
header,.columns,footer{padding-left:1rem;padding-right:1rem}
.wide{display:none}
.narrow{display:block}
.pair{display:block}
.hero strong{font-size:2.2rem}
.samples{grid-template-columns:1fr}
.card{width:6rem}
}
@media print{
@page{margin:14mm}
body{font-size:10pt}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.columns{display:block;max-width:none;padding:0}
header,footer{padding-left:0;padding-right:0;max-width:none}
nav,.skip,details>summary{display:none}
details::details-content{content-visibility:visible;height:auto}
a{color:inherit;text-decoration:none}
.scroll{overflow:visible}
.matrix,.cells,pre{max-height:none;overflow:visible;border:0}
table.confusion{font-size:6.5pt;--cell:5.4mm}
.confusion a{min-height:0}
.confusion th{position:static!important}
.tools{display:none}
.cells:not(.pairs),h4:has(+.cells:not(.pairs)),.pairs details::details-content,.pairs details>:not(summary){display:none}
.pairs details>summary{display:block;color:inherit}
table{font-size:8pt}
th,td{padding:.2rem .35rem}
tbody th:not(.n){min-width:6rem}
th button::after{content:""!important}
thead{display:table-header-group}
tr,.score,.chart,.samples figure,.mistakes figure,.groups figure,.matrix{break-inside:avoid}
h2,h3,h4,h2+p,h3+p,caption{break-after:avoid}
.samples{grid-template-columns:1fr 1fr}
.mistakes{grid-template-columns:repeat(6,1fr)}
}
`;
