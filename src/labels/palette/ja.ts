import type { ColorWords } from '../palette.js';

/** Japanese. */
export const ja: ColorWords = {
  names: {
    black: 'ブラック|黒|黒色',
    white: 'ホワイト|白|白色',
    grey: 'グレー|グレイ|灰色',
    brown: 'ブラウン|茶|茶色',
    beige: 'ベージュ',
    red: 'レッド|赤|赤色',
    orange: 'オレンジ',
    yellow: 'イエロー|黄|黄色',
    green: 'グリーン|緑|緑色',
    turquoise: 'ターコイズ',
    blue: 'ブルー|青|青色',
    purple: 'パープル|紫|紫色|バイオレット',
    pink: 'ピンク',
    multi: 'マルチ|マルチカラー|多色|ミックス',
  },
  shades: {
    grey: 'チャコール|スレート',
    silver: 'シルバー|銀|クローム|ステンレス',
    gold: 'ゴールド|金|金色',
    bronze: 'ブロンズ|カッパー',
    brown: 'チョコレート|キャメル|ウォールナット|オーク',
    beige: 'クリーム|サンド|アイボリー',
    red: 'ワイン|バーガンディ|ボルドー',
    green: 'カーキ|オリーブ|ミント',
    blue: 'ネイビー|紺|紺色|水色|デニム|インディゴ',
    purple: 'ラベンダー',
    pink: 'ローズ',
    clear: 'クリア|透明',
  },
};
